import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LogFile } from '../../src/ports/log-book.ts';
import { type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

const DAY_MS = 86_400_000;

describe('notes of when a log grew', () => {
  let logs: LogFolder;
  let file: LogFile;
  beforeEach(() => {
    logs = openLogFolder();
    file = logs.file('web-1-blue');
  });
  afterEach(() => logs.close());

  const write = async (text: string, now: number): Promise<void> => {
    logs.write(file, `${text}\n`);
    await logs.book.note([file], now);
  };

  it('go with a clock that is set back by a day, and keep the order of lines', async () => {
    const before = Date.now() - 1000;
    const after = before - DAY_MS;
    await write('before', before);
    await write('at once', after);
    await write('a minute later', after + 60_000);
    const lines = await logs.read([file]);
    assert.deepEqual(
      lines.map(({ text, at }) => [text, at! - after]),
      [
        ['before', 0],
        ['at once', 0],
        ['a minute later', 60_000],
      ],
    );
    assert.deepEqual(await logs.texts(file, { since: after + 30_000 }), ['a minute later']);
  });

  it('go with it also where nobody writes any more', async () => {
    const before = Date.now() - 1000;
    const gone = logs.file('web-1-green');
    logs.write(gone, 'its last\n');
    await logs.book.note([gone], before);
    await write('before', before);
    await logs.book.note([file], before - DAY_MS);
    await write('after', before - DAY_MS + 60_000);
    const lines = await logs.read([file, gone]);
    assert.deepEqual(
      lines.map(({ text }) => text),
      ['before', 'its last', 'after'],
    );
    assert.deepEqual(await logs.texts(gone, { since: before - DAY_MS + 30_000 }), []);
  });

  it('stay as they are where clocks differ by a moment', async () => {
    const now = Date.now() - 10_000;
    await write('one', now);
    await write('two', now - 500);
    const lines = await logs.read([file]);
    assert.deepEqual(
      lines.map(({ at }) => at),
      [now, now],
    );
  });

  it('tell of a file that can not be noted once, and go on with it when it can', async () => {
    const index = `${file.path}.index`;
    mkdirSync(index);
    for (let round = 0; round < 30; round += 1) await write('line', Date.now());
    assert.equal(logs.complaints.length, 1, logs.complaints.join('\n'));
    assert.match(logs.complaints[0]!, /Cannot note the length of log ".*web-1-blue\.out"/);
    rmdirSync(index);
    for (let round = 0; round < 10; round += 1) await write('line', Date.now());
    assert.match(readFileSync(index, 'utf8'), /^\d+ \d+\n/);
  });
});
