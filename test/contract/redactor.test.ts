import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRedactor } from '../../src/logs/redactor.ts';
import type { Redactor } from '../../src/ports/redactor.ts';

const REDACTORS: Readonly<Record<string, () => Redactor>> = { 'the redactor': createRedactor };

for (const [name, create] of Object.entries(REDACTORS)) {
  describe(`redactor contract: ${name}`, () => {
    const after = (...values: string[]): Redactor => {
      const redactor = create();
      redactor.learn(values);
      return redactor;
    };
    const masks = (value: string, text: string, expected: string) =>
      assert.equal(after(value).redact(text), expected);

    it('answers the text itself when it learned nothing', () => {
      assert.equal(create().redact('nothing to see'), 'nothing to see');
    });

    it('masks every occurrence of a learned value', () => {
      masks('hunter2', 'hunter2, and hunter2hunter2!', '[secret], and [secret][secret]!');
    });

    it('leaves values under four characters, whatever surrounds them', () => {
      masks(' abc\n', 'abc', 'abc');
    });

    it('masks overlapping values as one', () => {
      assert.equal(after('abcdef', 'defghi', 'cdef').redact('xabcdefghix'), 'x[secret]x');
    });

    it('masks the longer of two values when one begins with the other', () => {
      assert.equal(after('token', 'token-with-more').redact('token-with-more token'), '[secret] [secret]');
    });

    it('masks base64 of a value, padded or not, in both alphabets', () => {
      const value = '??>>secret~~';
      for (const encoding of ['base64', 'base64url'] as const) {
        const text = Buffer.from(value).toString(encoding);
        masks(value, `<${text}>`, '<[secret]>');
        masks(value, `<${text.replace(/=+$/, '')}>`, '<[secret]>');
      }
      masks('four', `Basic ${Buffer.from('four').toString('base64')}`, 'Basic [secret]');
    });

    it('leaves nothing to decode when a value is encoded inside something longer, at any alignment', () => {
      for (const lead of ['', 'a', 'ab', 'abc:']) {
        for (const trail of ['', 'z', 'yz', ':xyz']) {
          const text = Buffer.from(`${lead}correct horse${trail}`).toString('base64');
          const redacted = after('correct horse').redact(text);
          assert.match(redacted, /\[secret\]/, `${lead}|${trail}`);
          assert.doesNotMatch(
            Buffer.from(redacted.replace('[secret]', ''), 'base64').toString(),
            /[corehs]{3}/,
          );
        }
      }
    });

    it('masks percent-encoded forms, in capitals or not', () => {
      const value = "p@ss w/rd!'é";
      masks(value, `x=${encodeURIComponent(value)}&y`, 'x=[secret]&y');
      masks(value, encodeURIComponent(value).toLowerCase(), '[secret]');
      masks(value, new URLSearchParams({ x: value }).toString(), 'x=[secret]');
    });

    it('masks forms escaped for JSON, once and twice, as several languages write them', () => {
      const value = 'say "hi"\\n\tüml/<b>';
      masks(value, JSON.stringify({ value }), '{"value":"[secret]"}');
      masks(value, JSON.stringify(JSON.stringify(value)), '"\\"[secret]\\""');
      masks('aé/bcd', '"a\\u00e9/bcd"', '"[secret]"');
      masks('a/bcd', '"a\\/bcd"', '"[secret]"');
    });

    it('masks a multi-line key line by line, but for its armour and its short lines', () => {
      const key =
        '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nAgEAAoIBAQC7\nshort\n-----END PRIVATE KEY-----\n';
      const lines = key
        .trim()
        .split('\n')
        .map((line) => after(key).redact(line));
      assert.deepEqual(lines, [
        '-----BEGIN PRIVATE KEY-----',
        '[secret]',
        '[secret]',
        'short',
        '-----END PRIVATE KEY-----',
      ]);
      assert.equal(after(key).redact(`key: ${key}`), 'key: [secret]\n');
      assert.equal(after(key).redact(JSON.stringify({ key })), '{"key":"[secret]\\n"}');
    });

    it('masks the credentials of any URL without having learned them', () => {
      const cases = [
        ['postgres://app:pw@db:5432/app', 'postgres://[secret]@db:5432/app'],
        ['redis://:pw@cache', 'redis://[secret]@cache'],
        ['"https://x-token:@git.example/a.git"', '"https://[secret]@git.example/a.git"'],
        ['https://0123456789abcdef0123@git.example', 'https://[secret]@git.example'],
        ['amqp://u:p@ss@mq/v', 'amqp://[secret]@mq/v'],
        ['ssh://git@host/x', 'ssh://git@host/x'],
        ['http://host:8080/@scope/name', 'http://host:8080/@scope/name'],
        ['see http://a and b:c@d', 'see http://a and b:c@d'],
      ] as const;
      for (const [text, expected] of cases) assert.equal(create().redact(text), expected);
    });

    it('masks the password of a learned URL where it stands alone', () => {
      masks(
        'postgres://app:s3cr%40t@db/app',
        'password "s3cr@t" or s3cr%40t',
        'password "[secret]" or [secret]',
      );
    });

    it('changes nothing when it reads its own output', () => {
      const redactor = after('secret', 'hunter2');
      const once = redactor.redact('secret hunter2 redis://a:b@c');
      assert.equal(once, '[secret] [secret] redis://[secret]@c');
      assert.equal(redactor.redact(once), once);
    });

    it('masks what it learns later', () => {
      const redactor = after('first-value');
      assert.equal(redactor.redact('second-value'), 'second-value');
      redactor.learn(['second-value']);
      assert.equal(redactor.redact('first-value second-value'), '[secret] [secret]');
    });

    it('never lets a learned value through, whatever the values and the text', () => {
      const value = fc.string({
        minLength: 4,
        maxLength: 12,
        unit: fc.constantFrom('a', 'b', 'c', '=', 'é', '/'),
      });
      fc.assert(
        fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), fc.array(value), (values, parts) => {
          const redacted = after(...values).redact([...values, ...parts].join(''));
          for (const each of values) assert.ok(!redacted.includes(each), `${each} in ${redacted}`);
        }),
        { numRuns: 300 },
      );
    });

    it('needs well under a second for 10,000 lines and 50 secrets, and for hostile lines', () => {
      const redactor = after(...Array.from({ length: 50 }, (_, i) => `sk_live_${i}_${'k'.repeat(20)}${i}`));
      const line =
        'sk_live 2026-01-01T00:00:00Z GET /api/items?page=1 200 12 ms agent=Mozilla/5.0 (X11; Linux)';
      const began = performance.now();
      for (let i = 0; i < 10_000; i += 1) redactor.redact(line + i);
      for (const unit of ['://', '://a:', 'sk_live_1', '://a']) redactor.redact(unit.repeat(100_000));
      assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
    });
  });
}
