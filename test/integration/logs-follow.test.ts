import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Refusal } from '../../src/model/error.ts';
import type { LogFile, LogQuery } from '../../src/ports/log-book.ts';
import { eventually } from '../worlds/conditions.ts';
import { ALL, followUntil, type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

const FOLLOW: LogQuery = { ...ALL, follow: true };

describe('following a log', () => {
  let logs: LogFolder;
  let file: LogFile;
  beforeEach(() => {
    logs = openLogFolder();
    file = logs.file('web-1-blue');
  });
  afterEach(() => logs.close());

  const openFiles = (): string[] =>
    readdirSync('/proc/self/fd')
      .map((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return '';
        }
      })
      .filter((target) => target.startsWith(logs.folder));

  it('gives what is there, and then each line as it is written', async () => {
    logs.write(file, 'one\ntwo\n');
    const texts = await followUntil(logs.book.read([file], { ...FOLLOW, tail: 1 }), ({ text }) => {
      if (text === 'two') logs.write(file, 'three\nfo');
      if (text === 'three') logs.write(file, 'ur\n');
      return text === 'four';
    });
    assert.deepEqual(texts, ['two', 'three', 'four']);
    assert.deepEqual(openFiles(), []);
  });

  it('waits for a file that is not there yet', async () => {
    const lines = followUntil(logs.book.read([file], FOLLOW), ({ text }) => text === 'late');
    logs.write(file, 'late\n');
    assert.deepEqual(await lines, ['late']);
  });

  it('shows a line without an end once nothing more comes of it', async () => {
    logs.write(file, 'Password: ');
    const began = performance.now();
    assert.deepEqual(await followUntil(logs.book.read([file], FOLLOW), () => true), ['Password: ']);
    assert.ok(performance.now() - began > 900);
  });

  it('gives the lines of several files as they come, with the time', async () => {
    const other = logs.file('web-2-blue');
    logs.write(file, 'a1\n');
    const began = Date.now();
    const seen: (number | null)[] = [];
    const texts = await followUntil(logs.book.read([file, other], FOLLOW), ({ text, at }) => {
      if (text === 'a1') logs.write(other, 'b1\n');
      if (text === 'b1') logs.write(file, 'a2\n');
      if (text !== 'a1') seen.push(at);
      return text === 'a2';
    });
    assert.deepEqual(texts, ['a1', 'b1', 'a2']);
    assert.ok(seen.every((at) => at !== null && at >= began));
  });

  it('ends at once, without an error, when the signal aborts', async () => {
    logs.write(file, 'one\n');
    const ending = new AbortController();
    let seen = 0;
    const reading = (async () => {
      for await (const _line of logs.book.read([file], FOLLOW, ending.signal)) seen += 1;
    })();
    await eventually('the first line', () => seen === 1);
    const began = performance.now();
    ending.abort();
    await reading;
    assert.ok(performance.now() - began < 100, `${performance.now() - began} ms`);
    assert.deepEqual(openFiles(), []);
  });

  it('gives only lines that match', async () => {
    logs.write(file, 'a\nb\n');
    const texts = await followUntil(logs.book.read([file], { ...FOLLOW, grep: 'b|d' }), ({ text }) => {
      if (text === 'b') logs.write(file, 'c\nd\n');
      return text === 'd';
    });
    assert.deepEqual(texts, ['b', 'd']);
  });

  it('goes on with a file that was removed and made again', async () => {
    logs.write(file, 'old one\nold two\n');
    const texts = await followUntil(logs.book.read([file], FOLLOW), ({ text }) => {
      if (text === 'old two') {
        rmSync(file.path);
        logs.write(file, 'new\n');
      }
      return text === 'new';
    });
    assert.deepEqual(texts, ['old one', 'old two', 'new']);
  });

  it('does not repeat what was archived when the file is emptied by hand', async () => {
    logs.write(file, `${'old\n'.repeat(50_000)}last\n`);
    await logs.book.retain(file, { logBytes: 1024, archiveBytes: 1_000_000 });
    const texts = await followUntil(logs.book.read([file], { ...FOLLOW, tail: 1 }), ({ text }) => {
      if (text === 'last') {
        truncateSync(file.path, 0);
        logs.write(file, 'new\n');
      }
      return text === 'new';
    });
    assert.deepEqual(texts, ['last', 'new']);
  });

  it('ends with the refusal when a pattern turns out to be too slow', async () => {
    logs.write(file, 'fine\n');
    const reading = followUntil(logs.book.read([file], { ...FOLLOW, grep: '^(a+)+$|fine' }), ({ text }) => {
      if (text === 'fine') logs.write(file, `${'a'.repeat(60)}b\n`);
      return false;
    });
    await assert.rejects(
      reading,
      (error) => error instanceof Refusal && error.report.code === 'logs.slow-pattern',
    );
    assert.deepEqual(openFiles(), []);
  });
});
