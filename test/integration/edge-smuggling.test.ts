// Requests that two parsers could read in two ways never reach an instance.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type EdgeStand, freePort, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const HEAD = `Host: ${STAND_HOST}\r\n`;

const REFUSED: Readonly<Record<string, readonly [request: string, status: number]>> = {
  'Content-Length and Transfer-Encoding': [
    `POST / HTTP/1.1\r\n${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'two lengths': [`POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
  'a signed length': [`POST / HTTP/1.1\r\n${HEAD}Content-Length: +2\r\n\r\nab`, 400],
  'a coding after chunked': [
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'a coding before chunked': [
    `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    501,
  ],
  'a chunked body in HTTP/1.0': [
    `POST / HTTP/1.0\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  'a space before the colon': [`POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
  'a folded field': [`GET / HTTP/1.1\r\n${HEAD}X-A: b\r\n c\r\n\r\n`, 400],
  'bare line feeds': [`GET / HTTP/1.1\nHost: ${STAND_HOST}\n\n`, 400],
  'two hosts': [`GET / HTTP/1.1\r\n${HEAD}Host: evil.localhost\r\n\r\n`, 400],
  'no host': ['GET / HTTP/1.1\r\n\r\n', 400],
  'a host that is none': ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  'a null byte in a value': [`GET / HTTP/1.1\r\n${HEAD}X-A: a\0b\r\n\r\n`, 400],
  'no HTTP at all': ['\x16\x03\x01\x02\x00\x01\x00', 400],
  'a header without end': [`GET / HTTP/1.1\r\n${HEAD}X-A: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  'an address without end': [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}\r\n`, 414],
  'a tunnel': [`CONNECT ${STAND_HOST}:22 HTTP/1.1\r\n${HEAD}\r\n`, 405],
  'a target that is no path': [`OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`, 400],
};

describe('the builtin edge, asked by somebody with bad intentions,', () => {
  let stand: EdgeStand;
  const seen: string[] = [];
  before(async () => {
    stand = await openEdgeStand();
    const { port } = await stand.instance((req, res) => {
      req.on('data', () => undefined);
      req.on('end', () => {
        seen.push(`${req.method} ${req.url} ${req.headers.host}`);
        res.end('ok');
      });
    });
    await stand.configure([{ slots: [{ slot: 1, blue: port, green: await freePort() }] }]);
  });
  after(() => stand.close());

  for (const [what, [bytes, status]] of Object.entries(REFUSED)) {
    it(`answers ${status} to ${what}, and tells no instance`, async () => {
      seen.length = 0;
      const answer = await stand.raw(bytes);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1);
      assert.deepEqual(seen, []);
    });
  }

  it('answers 400 when the chunks of a body make no sense, and takes nothing after them for a request', async () => {
    seen.length = 0;
    const answer = await stand.raw(
      `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nGET /smuggled HTTP/1.1\r\n${HEAD}\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1);
    assert.deepEqual(seen, []);
  });

  it('answers what came before nonsense, then 400', async () => {
    const answer = await stand.raw(`GET / HTTP/1.1\r\n${HEAD}\r\n\x00\x01nonsense\r\n\r\n`);
    assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('believes an absolute target over the Host field, and passes one host on', async () => {
    seen.length = 0;
    const answer = await stand.raw(
      `GET http://${STAND_HOST}/x HTTP/1.1\r\nHost: evil.localhost\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual(seen, [`GET /x ${STAND_HOST}`]);
  });

  it('passes the body on under a length or as chunks, never under both', async () => {
    seen.length = 0;
    const answer = await stand.raw(
      `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\n\r\nPOST / HTTP/1.1\r\n${HEAD}Content-Length: 3\r\nConnection: close\r\n\r\nabc`,
    );
    assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 2);
    assert.equal(seen.length, 2);
  });

  it('ignores an offer of HTTP/2 and answers in HTTP/1.1', async () => {
    const answer = await stand.raw(
      `GET / HTTP/1.1\r\n${HEAD}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});
