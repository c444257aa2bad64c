import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Failure, Refusal } from '../../src/model/error.ts';
import type { LogFile } from '../../src/ports/log-book.ts';
import { type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

describe('log book contract: files', () => {
  let logs: LogFolder;
  let count = 0;
  before(() => (logs = openLogFolder()));
  after(() => logs.close());

  const fileWith = (content: string | Uint8Array): LogFile => {
    const file = logs.file(`web-${(count += 1)}-blue`);
    logs.write(file, content);
    return file;
  };

  it('reads every line with its offset', async () => {
    const file = fileWith('one\n\nthrée\nfour\n');
    const lines = await logs.read([file]);
    assert.deepEqual(
      lines.map(({ text, offset }) => [text, offset]),
      [
        ['one', 0],
        ['', 4],
        ['thrée', 5],
        ['four', 12],
      ],
    );
    assert.deepEqual(
      new Set(lines.map(({ instance, stream }) => `${instance} ${stream}`)),
      new Set([`${file.instance} out`]),
    );
  });

  it('has no lines when the file or its folder is absent', async () => {
    assert.deepEqual(await logs.texts(logs.file('absent')), []);
    const lost: LogFile = { path: `${logs.folder}/no/such/folder.out`, stream: 'out', instance: 'x' };
    assert.deepEqual(await logs.texts(lost, { tail: 10, since: 5 }), []);
    assert.deepEqual(await logs.book.lastLines(lost, 20), []);
    assert.equal(await logs.book.retain(lost, { logBytes: 1, archiveBytes: 1 }), true);
    await logs.book.note([lost], 1);
  });

  it('shows a last line without an end', async () => {
    assert.deepEqual(await logs.texts(fileWith('whole\nhalf')), ['whole', 'half']);
    assert.deepEqual(await logs.texts(fileWith('whole\nhalf'), { tail: 1 }), ['half']);
  });

  it('gives exactly the last lines asked for', async () => {
    const all = Array.from({ length: 5000 }, (_, i) => `line ${i} ${'é'.repeat(i % 90)}`);
    const file = fileWith(`${all.join('\n')}\n`);
    for (const tail of [0, 1, 2, 999, 4999, 5000, 9000]) {
      assert.deepEqual(await logs.texts(file, { tail }), tail === 0 ? [] : all.slice(-tail), `tail ${tail}`);
    }
    assert.deepEqual(await logs.book.lastLines(file, 3), all.slice(-3));
  });

  it('begins the last lines at the byte asked for', async () => {
    const file = fileWith('before\nfirst\nsecond\n');
    assert.deepEqual(await logs.book.lastLines(file, 20, 7), ['first', 'second']);
    assert.deepEqual(await logs.book.lastLines(file, 1, 7), ['second']);
    assert.deepEqual(await logs.book.lastLines(file, 20, 999), []);
  });

  it('finds lines by a pattern over the redacted text', async () => {
    logs.redactor.learn(['hunter2']);
    const file = fileWith('a 1\nb hunter2\na 2\na-b 3\n');
    assert.deepEqual(await logs.texts(file, { grep: '^a ' }), ['a 1', 'a 2']);
    assert.deepEqual(await logs.texts(file, { grep: 'hunter' }), []);
    assert.deepEqual(await logs.texts(file, { grep: '\\[secret\\]' }), ['b [secret]']);
    assert.deepEqual(await logs.texts(file, { grep: 'a\\-b' }), ['a-b 3'], 'loosely written');
    assert.deepEqual(await logs.texts(file, { grep: 'a', tail: 2 }), ['a 2', 'a-b 3'], 'the last that match');
  });

  it('refuses a pattern that is none, and one that would never end', async () => {
    const file = fileWith(`${'a'.repeat(60)}b\n`);
    const isRefusal = (code: string) => (error: unknown) =>
      error instanceof Refusal && error.report.code === code;
    await assert.rejects(logs.texts(file, { grep: '(' }), isRefusal('logs.bad-pattern'));
    await assert.rejects(logs.texts(file, { grep: 'a'.repeat(2000) }), isRefusal('logs.bad-pattern'));
    await assert.rejects(logs.texts(file, { grep: '^(a+)+$' }), isRefusal('logs.slow-pattern'));
  });

  it('fails when a log is there and can not be read', async () => {
    const file = logs.file('folder-1-blue');
    mkdirSync(file.path);
    const isFailure = (error: unknown) => error instanceof Failure && error.report.code === 'logs.unreadable';
    await assert.rejects(logs.texts(file), isFailure);
    await assert.rejects(logs.book.lastLines(file, 3), isFailure);
  });

  it('tells the time of lines to where the file was noted, and reads since then', async () => {
    const file = fileWith('first\n');
    await logs.book.note([file], 1000);
    await logs.book.note([file], 2000);
    logs.write(file, 'second\nthi');
    await logs.book.note([file], 3000);
    logs.write(file, 'rd\nfourth\n');
    await logs.book.note([file], 4000);
    const times = (await logs.read([file])).map(({ text, at }) => [text, at]);
    assert.deepEqual(times, [
      ['first', 1000],
      ['second', 3000],
      ['third', 3000],
      ['fourth', 4000],
    ]);
    assert.deepEqual(await logs.texts(file, { since: 1500 }), ['second', 'third', 'fourth']);
    assert.deepEqual(await logs.texts(file, { since: 3500 }), ['fourth']);
    assert.deepEqual(await logs.texts(file, { since: 1500, tail: 2 }), ['third', 'fourth']);
    assert.deepEqual(await logs.texts(file, { since: Date.now() + 60_000 }), []);
  });

  it('tells the time of a line after a long silence within four notes of it', async () => {
    const file = fileWith('before\n');
    for (let second = 1; second <= 30; second += 1) await logs.book.note([file], second * 1000);
    logs.write(file, 'after\n');
    for (let second = 31; second <= 34; second += 1) await logs.book.note([file], second * 1000);
    logs.write(file, 'at once\n');
    await logs.book.note([file], 35_000);
    const times = (await logs.read([file])).map(({ at }) => at);
    assert.equal(times[0], 1000);
    assert.ok(times[1]! >= 31_000 && times[1]! <= 34_000, String(times[1]));
    assert.equal(times[2], 35_000, 'it rests no more');
  });

  it('reads on when the last record of times was torn by a crash', async () => {
    const file = fileWith('first\n');
    await logs.book.note([file], 1000);
    appendFileSync(`${file.path}.index`, '20');
    logs.write(file, 'second\n');
    await logs.reopen().note([file], 3000);
    assert.deepEqual(
      (await logs.read([file])).map(({ at }) => at),
      [1000, 3000],
    );
  });

  it('keeps the times of a file that never rests bounded', async () => {
    const file = logs.file('busy-1-blue');
    const book = logs.reopen();
    for (let i = 1; i <= 16_000; i += 1) {
      logs.write(file, '.\n');
      await book.note([file], 1_600_000_000_000 + i);
    }
    const records = (await logs.texts({ ...file, path: `${file.path}.index` })).length;
    assert.ok(records < 14_000, `${records} records`);
    const last = (await logs.read([file], { tail: 1 }))[0];
    assert.equal(last?.at, 1_600_000_016_000);
  });

  it('merges several files by time, and each file keeps its own order', async () => {
    const [a, b] = [fileWith('a1\na2\n'), fileWith('b1\n')];
    await logs.book.note([a], 1000);
    await logs.book.note([b], 2000);
    logs.write(a, 'a3\n');
    logs.write(b, 'b3\n');
    await logs.book.note([a, b], 3000);
    const merged = async (files: LogFile[]) => (await logs.read(files)).map(({ text }) => text);
    assert.deepEqual(await merged([a, b]), ['a1', 'a2', 'b1', 'a3', 'b3']);
    assert.deepEqual(await merged([b, a]), ['a1', 'a2', 'b1', 'b3', 'a3']);
  });

  it('shows what is meant for a terminal as text', async () => {
    const esc = '\u001b';
    const cases: readonly (readonly [string, string])[] = [
      [`${esc}[31mred${esc}[0m`, 'red'],
      [`a${esc}]0;your title\u0007b${esc}]8;;http://x${esc}\\c`, 'abc'],
      [`${esc}Pq#0${esc}\\x${esc}(By${esc}7z`, 'xyz'],
      [`half ${esc}[`, 'half '],
      ['10%\r20%\r', '10%\\r20%'],
      ['bell\u0007 nul\u0000 del\u007f csi\u009b31m', 'bell\\x07 nul\\x00 del\\x7f csi\\x9b31m'],
      ['gpj.\u202eexe', 'gpj.\\u202eexe'],
      ['tab\tstays', 'tab\tstays'],
    ];
    const file = fileWith(cases.map(([written]) => `${written}\n`).join(''));
    assert.deepEqual(
      await logs.texts(file),
      cases.map(([, shown]) => shown),
    );
  });

  it('shows binary output without breaking, and the lines after it', async () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
    const file = fileWith(Buffer.concat([bytes, Buffer.from('\nafter é 日本 🙂\n')]));
    const texts = await logs.texts(file);
    assert.equal(texts.at(-1), 'after é 日本 🙂');
    // oxlint-disable-next-line no-control-regex
    for (const text of texts) assert.doesNotMatch(text, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
  });

  it('masks secrets in every line, also where colours are within them', async () => {
    logs.redactor.learn(['tops3cret']);
    const file = fileWith('plain\nkey=tops3cret\nkey=tops\u001b[1m3cret é\n');
    assert.deepEqual(await logs.texts(file), ['plain', 'key=[secret]', 'key=[secret] é']);
  });

  it('cuts a line of a megabyte, says what is left out, and reads on', async () => {
    const file = fileWith(`${'x'.repeat(1024 * 1024)}\nnext\n${'é'.repeat(9000)}\n`);
    const [long, next, wide] = await logs.texts(file);
    assert.equal(long, `${'x'.repeat(16_384)} [1,032,192 bytes left out]`);
    assert.equal(next, 'next');
    assert.equal(wide, `${'é'.repeat(8192)} [1,616 bytes left out]`);
    assert.deepEqual(await logs.book.lastLines(file, 3), [long, next, wide]);
  });

  it('shows no part of a secret that lies where a long line is cut', async () => {
    logs.redactor.learn(['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC']);
    for (const lead of [16_384 - 10, 32_768 - 10]) {
      const file = fileWith(`${'x'.repeat(lead)}MIIEvQIBADANBgkqhkiG9w0BAQEFAASC${'y'.repeat(100_000)}\n`);
      const [text] = await logs.texts(file);
      assert.doesNotMatch(text!, /MII/);
      assert.match(text!, /bytes left out\]$/);
    }
    const many = fileWith(`${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC '.repeat(5000)}\n`);
    assert.doesNotMatch((await logs.texts(many))[0]!, /MII/);
  });

  it('holds little memory for a line of 64 MB', async () => {
    const file = fileWith(Buffer.alloc(64 * 1024 * 1024, 'z'));
    const before = process.memoryUsage().rss;
    const [text] = await logs.texts(file);
    assert.match(text!, /^z{16384} \[67,092,480 bytes left out\]$/);
    assert.ok(process.memoryUsage().rss - before < 48 * 1024 * 1024);
  });
});
