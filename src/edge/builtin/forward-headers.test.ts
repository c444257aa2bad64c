import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answerHeaders,
  answerTrailers,
  type ForwardFacts,
  isSaneRequestId,
  requestHeaders,
} from './forward-headers.ts';

const facts: ForwardFacts = {
  host: 'shop.test',
  requestId: 'r1',
  peer: '::ffff:10.0.0.7',
  trusted: new Set(),
  strippedPrefix: null,
  isUpgrade: false,
};
const forwarded = (raw: string[], parts: Partial<ForwardFacts> = {}): Record<string, string[]> => {
  const sent = requestHeaders(raw, { ...facts, ...parts });
  const fields: Record<string, string[]> = {};
  for (let at = 0; at < sent.length; at += 2) (fields[sent[at]!.toLowerCase()] ??= []).push(sent[at + 1]!);
  return fields;
};
const bytes = (...fields: string[]): Buffer[] => fields.map((field) => Buffer.from(field, 'latin1'));

describe('the header an instance gets', () => {
  it('keeps fields in their order, with repeats and bytes beyond ASCII', () => {
    const sent = requestHeaders(['Cookie', 'a=1', 'X-B', 'é', 'Cookie', 'b=2'], facts);
    assert.deepEqual(sent.slice(2, 8), ['Cookie', 'a=1', 'X-B', 'é', 'Cookie', 'b=2']);
  });

  it('loses what reads like a field of the edge once "_" is "-", and keeps other names with "_"', () => {
    const fields = forwarded([
      'X_Forwarded_For',
      '6.6.6.6',
      'content_Length',
      '9',
      'x_own',
      '1',
      'x-a_b',
      '2',
    ]);
    assert.deepEqual(Object.keys(fields).slice(1, 4), ['x_own', 'x-a_b', 'x-forwarded-for']);
    assert.deepEqual(fields['x-forwarded-for'], ['10.0.0.7']);
  });

  it('loses what is about the connection, and what the connection lists', () => {
    const fields = forwarded([
      'Connection',
      'close, X-One',
      'connection',
      'x-two',
      'X-One',
      '1',
      'X-Two',
      '2',
      'X-Three',
      '3',
      'Upgrade',
      'h2c',
      'Trailer',
      'x',
    ]);
    assert.deepEqual(Object.keys(fields), [
      'host',
      'x-three',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-request-id',
      'via',
    ]);
  });

  it('keeps what the instance needs though the connection lists it', () => {
    const fields = forwarded([
      'Connection',
      'content-length, authorization, x-forwarded-for',
      'Content-Length',
      '3',
      'Authorization',
      'x',
    ]);
    assert.deepEqual(
      [fields['content-length'], fields.authorization, fields['x-forwarded-for']],
      [['3'], ['x'], ['10.0.0.7']],
    );
  });

  it('says whom the request comes from when the client says something else', () => {
    const fields = forwarded([
      'X-Forwarded-For',
      '1.1.1.1',
      'Forwarded',
      'for=1.1.1.1',
      'X-Forwarded-Port',
      '1',
      'X-Forwarded-Prefix',
      '/x',
    ]);
    assert.deepEqual(fields['x-forwarded-for'], ['10.0.0.7']);
    for (const gone of ['forwarded', 'x-forwarded-port', 'x-forwarded-prefix'])
      assert.equal(fields[gone], undefined);
  });

  it('adds to what a trusted proxy says', () => {
    const fields = forwarded(
      ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '2.2.2.2', 'X-Forwarded-Proto', 'https'],
      { trusted: new Set(['10.0.0.7']) },
    );
    assert.deepEqual(fields['x-forwarded-for'], ['1.1.1.1, 2.2.2.2, 10.0.0.7']);
    assert.deepEqual(fields['x-forwarded-proto'], ['https']);
  });

  it('continues the list of proxies it came through', () => {
    assert.deepEqual(forwarded(['Via', '1.0 fred']).via, ['1.0 fred, 1.1 reeve']);
  });

  it('keeps the upgrade when there is one', () => {
    const fields = forwarded(['Connection', 'Upgrade', 'Upgrade', 'websocket'], { isUpgrade: true });
    assert.deepEqual([fields.connection, fields.upgrade], [['Upgrade'], ['websocket']]);
  });
});

describe('the header a client gets', () => {
  it('loses what is about the connection, and reads how long the instance keeps it', () => {
    const answer = answerHeaders(
      bytes(
        'Connection',
        'keep-alive',
        'Keep-Alive',
        'timeout=5, max=9',
        'Content-Length',
        '2',
        'X-A',
        '\xe9',
      ),
      'r1',
    );
    assert.deepEqual(answer, {
      headers: ['Content-Length', '2', 'X-A', '\xe9', 'Via', '1.1 reeve', 'X-Request-Id', 'r1'],
      hasLength: true,
      keepAliveMs: 5000,
    });
  });

  it('keeps the request id of the instance', () => {
    assert.deepEqual(answerHeaders(bytes('X-Request-ID', 'own'), 'r1').headers, [
      'X-Request-ID',
      'own',
      'Via',
      '1.1 reeve',
    ]);
  });

  it('gets no trailer that would frame or name the message anew', () => {
    assert.deepEqual(
      answerTrailers(
        bytes('X-Sum', '1', 'Content-Length', '9', 'Transfer-Encoding', 'x', 'X-Reeve-Edge', 'y'),
      ),
      [['X-Sum', '1']],
    );
  });
});

describe('a request id', () => {
  it('is kept when it is short and plain', () => {
    assert.ok(['a', 'A-1_b.c:d', 'x'.repeat(128)].every(isSaneRequestId));
    assert.ok(![undefined, '', 'a b', '<x>', 'x'.repeat(129), 'a\u00e9'].some(isSaneRequestId));
  });
});
