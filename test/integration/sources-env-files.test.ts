import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import { createSecretSource } from '../../src/secrets/secret-source.ts';

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;
const secrets = createSecretSource();

describe('an env file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reeve-env-'));
    path = join(folder, '.env');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (text: string | Uint8Array, mode = 0o600): void => {
    writeFileSync(path, text);
    chmodSync(path, mode);
  };
  const read = async (parts: { optional?: boolean; public?: readonly string[] } = {}) =>
    (await secrets.read({ path, optional: false, public: [], ...parts })).values;

  it('is read when only its owner may read it', async () => {
    write('A=1\nB="two words"\n');
    assert.deepEqual(await read(), { A: '1', B: 'two words' });
  });

  it('is refused when it is missing, and empty when it is optional', async () => {
    await assert.rejects(read(), hasCode('env.missing-file'));
    assert.deepEqual(await read({ optional: true }), {});
  });

  for (const mode of [0o640, 0o604, 0o660, 0o602, 0o644]) {
    it(`is refused when its mode is ${mode.toString(8)}, unless all of it is public`, async () => {
      write('A=1\nB=2\n', mode);
      await assert.rejects(read({ public: ['A'] }), (error) => {
        assert.ok(hasCode('env.open-to-others')(error));
        assert.match(JSON.stringify((error as { report: unknown }).report), new RegExp(`chmod 600 ${path}`));
        return true;
      });
      assert.deepEqual(await read({ public: ['A', 'B'] }), { A: '1', B: '2' });
    });
  }

  it('is judged by what a link leads to', async () => {
    write('A=1', 0o644);
    symlinkSync('.env', join(folder, 'link'));
    await assert.rejects(
      secrets.read({ path: join(folder, 'link'), optional: false, public: [] }),
      hasCode('env.open-to-others'),
    );
  });

  it('is refused with every bad line and no value when its syntax is wrong', async () => {
    write('A=1\nnonsense-hunter2-hunter2\nB="open hunter2\n');
    await assert.rejects(read(), (error) => {
      assert.ok(isReported(error) && error.report.code === 'env.syntax');
      assert.deepEqual(
        error.report.problems?.map((it) => [it.file, it.line, it.column]),
        [
          [path, 2, 25],
          [path, 3, 3],
        ],
      );
      assert.equal(JSON.stringify(error.report).includes('hunter2'), false);
      return true;
    });
  });

  it('is refused with the line that is not UTF-8', async () => {
    write(Buffer.concat([Buffer.from('A=ä\nB='), Buffer.from([0xe4]), Buffer.from('\n')]));
    await assert.rejects(
      read(),
      (error) => hasCode('env.syntax')(error) && /line 2, column 1/.test(String(error)),
    );
  });

  it('is refused when it is too large, a folder, or a FIFO that would never end', async () => {
    write(`A=${'x'.repeat(1 << 20)}`);
    await assert.rejects(read(), hasCode('env.too-large'));
    rmSync(path);
    mkdirSync(path);
    await assert.rejects(read(), hasCode('env.unreadable'));
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', ['-m', '600', path]);
    await assert.rejects(read(), hasCode('env.unreadable'));
  });
});
