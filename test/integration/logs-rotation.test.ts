import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { LogFile } from '../../src/ports/log-book.ts';
import { type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

const RETENTION = { logBytes: 1000, archiveBytes: 100_000 };

// Without the program that punches holes it is as on a filesystem that has none.
describe('log rotation where holes can not be punched', () => {
  const path = process.env.PATH;
  before(() => (process.env.PATH = '/nonexistent'));
  after(() => (process.env.PATH = path));

  let logs: LogFolder;
  let file: LogFile;
  beforeEach(() => {
    logs = openLogFolder();
    file = logs.file('web-1-blue');
  });
  afterEach(() => logs.close());

  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
  const writeLines = (from: number, to: number): void =>
    logs.write(file, `${numbered(from, to).join('\n')}\n`);

  it('says so, and leaves the file of a running program alone', async () => {
    writeLines(0, 1000);
    assert.equal(await logs.book.retain(file, RETENTION), false);
    assert.deepEqual(readdirSync(logs.folder), ['web-1-blue.out']);
  });

  it('renames a long file at a restart, compresses it later, and reads all of it in order', async () => {
    for (let round = 0; round < 3; round += 1) {
      writeLines(round * 1000, (round + 1) * 1000);
      await logs.book.note([file], 1000 * (round + 1));
      assert.equal(await logs.book.rotateAtRestart(file, RETENTION), true);
      assert.equal(statSync(file.path, { throwIfNoEntry: false }), undefined);
      assert.deepEqual(await logs.texts(file), numbered(0, (round + 1) * 1000), `round ${round}`);
    }
    writeLines(3000, 3010);
    await logs.book.note([file], Date.now());
    assert.deepEqual(await logs.texts(file, { tail: 1500 }), numbered(1510, 3010));
    await logs.book.retain(file, RETENTION);
    assert.equal((await logs.book.archives(file)).length, 3);
    assert.equal(readdirSync(logs.folder).filter((name) => name.endsWith('.raw')).length, 0);
    const lines = await logs.read([file]);
    assert.deepEqual(
      lines.map(({ text }) => text),
      numbered(0, 3010),
    );
    assert.deepEqual([lines[0]?.at, lines[1000]?.at, lines[2999]?.at], [1000, 2000, 3000]);
    assert.deepEqual(await logs.texts(file, { tail: 1500 }), numbered(1510, 3010));
    assert.deepEqual(
      await logs.book.lastLines(file, 20),
      numbered(3000, 3010),
      'only of the file as it is now',
    );
  });

  it('does not rename a short file, nor one that is not there', async () => {
    assert.equal(await logs.book.rotateAtRestart(file, RETENTION), false);
    writeLines(0, 10);
    assert.equal(await logs.book.rotateAtRestart(file, RETENTION), false);
  });

  it('removes the oldest archives with their times', async () => {
    for (let round = 0; round < 3; round += 1) {
      writeLines(round * 1000, (round + 1) * 1000);
      await logs.book.note([file], 1000 * (round + 1));
      await logs.book.rotateAtRestart(file, RETENTION);
    }
    await logs.book.retain(file, { ...RETENTION, archiveBytes: 1 });
    await logs.book.retain(file, { ...RETENTION, archiveBytes: 1 });
    assert.deepEqual(readdirSync(logs.folder), []);
  });

  it('removes the oldest lines first when the clock was set back between two restarts', async () => {
    logs.close();
    let now = Date.now();
    logs = openLogFolder(() => now);
    file = logs.file('web-1-blue');
    for (let round = 0; round < 3; round += 1) {
      writeLines(round * 1000, (round + 1) * 1000);
      assert.equal(await logs.book.rotateAtRestart(file, RETENTION), true);
      now -= 86_400_000;
    }
    assert.deepEqual(await logs.texts(file), numbered(0, 3000), 'in the order they were written');
    await logs.book.retain(file, RETENTION);
    const newest = (await logs.book.archives(file)).at(-1)!;
    await logs.book.retain(file, { ...RETENTION, archiveBytes: newest.bytes });
    assert.deepEqual(await logs.texts(file), numbered(2000, 3000));
  });

  it('follows from the old file into the new one without losing or doubling a line', async () => {
    writeLines(0, 1000);
    const ending = new AbortController();
    const seen: string[] = [];
    const query = { tail: 1, since: null, grep: null, follow: true };
    for await (const { text } of logs.book.read([file], query, ending.signal)) {
      seen.push(text);
      if (text === 'line 999') {
        writeLines(1000, 1100);
        await logs.book.rotateAtRestart(file, RETENTION);
        writeLines(1100, 1200);
      }
      if (text === 'line 1199') ending.abort();
    }
    assert.deepEqual(seen, numbered(999, 1200));
  });
});
