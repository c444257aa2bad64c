import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../../src/model/error.ts';
import { canPunchHoles } from '../../src/logs/punch-hole.ts';
import type { LogFile } from '../../src/ports/log-book.ts';
import { type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

const KB = 1024;
const RETENTION = { logBytes: 64 * KB, archiveBytes: 1024 * KB };

describe('log retention', () => {
  let logs: LogFolder;
  let file: LogFile;
  let canFree: boolean;
  beforeEach(async () => {
    logs = openLogFolder();
    file = logs.file('web-1-blue');
    canFree = await canPunchHoles(logs.folder);
  });
  afterEach(() => logs.close());

  const NO_HOLES = 'this filesystem can not punch holes';
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `line ${String(from + i).padStart(8, '0')}`);
  const writeLines = (from: number, to: number): void =>
    logs.write(file, `${numbered(from, to).join('\n')}\n`);
  const blocks = (): number => statSync(file.path).blocks * 512;
  const names = (): string[] => readdirSync(logs.folder).toSorted();

  it('copies old lines out and frees them, and every line is still read with the same offset', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    const before = await logs.read([file]);
    assert.equal(await logs.book.retain(file, RETENTION), true);
    assert.ok(blocks() <= 40 * KB, `${blocks()} bytes of blocks`);
    assert.equal(statSync(file.path).size, 280_000);
    assert.deepEqual(await logs.read([file]), before);
    assert.deepEqual(
      await logs.texts(file, { tail: 19_000 }),
      numbered(1000, 20_000),
      'the tail reaches into the archive',
    );
    assert.deepEqual(await logs.book.lastLines(file, 3), numbered(19_997, 20_000));
    assert.deepEqual(
      await logs.texts(file, { grep: '000123$' }),
      ['line 00000123', 'line 00001230'].slice(0, 1),
    );
  });

  it('leaves a file alone that is not too long', async () => {
    writeLines(0, 100);
    await logs.book.retain(file, RETENTION);
    assert.deepEqual(names(), ['web-1-blue.out']);
  });

  it('removes the oldest archives beyond their limit, and reads what is left', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    for (let round = 0; round < 10; round += 1) {
      writeLines(round * 10_000, (round + 1) * 10_000);
      await logs.book.retain(file, { ...RETENTION, archiveBytes: 60 * KB });
    }
    const archives = await logs.book.archives(file);
    assert.ok(archives.reduce((sum, { bytes }) => sum + bytes, 0) <= 60 * KB);
    assert.ok(archives[0]!.from > 0);
    const texts = await logs.texts(file);
    assert.deepEqual(texts, numbered(100_000 - texts.length, 100_000));
  });

  it('keeps no archive when none is wanted', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    await logs.book.retain(file, { ...RETENTION, archiveBytes: 0 });
    assert.deepEqual(await logs.book.archives(file), []);
    const texts = await logs.texts(file);
    assert.ok(texts.length > 2000 && texts.length < 4000);
    assert.deepEqual(texts, numbered(20_000 - texts.length, 20_000));
    assert.deepEqual(await logs.texts(file, { tail: 10_000 }), texts);
  });

  it('keeps times right across archived ranges', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 10_000);
    await logs.book.note([file], 1000);
    writeLines(10_000, 20_000);
    await logs.book.note([file], 2000);
    await logs.book.retain(file, RETENTION);
    assert.deepEqual(await logs.texts(file, { since: 1500 }), numbered(10_000, 20_000));
    assert.equal((await logs.read([file]))[9_999]?.at, 1000);
  });

  it('goes on after a crash between the archive and its commit', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    await logs.book.retain(file, RETENTION);
    const archive = (await logs.book.archives(file))[0]!;
    rmSync(`${file.path}.freed`);
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000), 'read before the next run');
    await logs.reopen().retain(file, RETENTION);
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
    assert.match(readFileSync(`${file.path}.freed`, 'utf8'), new RegExp(`^${archive.to} `));
  });

  it('frees what a crash left unfreed after the commit', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    const whole = readFileSync(file.path);
    await logs.book.retain(file, RETENTION);
    const inode = statSync(file.path).ino;
    writeFileSync(file.path, whole);
    assert.equal(statSync(file.path).ino, inode);
    assert.ok(blocks() > 200 * KB);
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
    await logs.reopen().retain(file, RETENTION);
    assert.ok(blocks() <= 40 * KB);
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
  });

  it('overwrites what a crash left half-written', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeFileSync(`${logs.folder}/.web-1-blue.out.gz.tmp`, 'half');
    writeLines(0, 20_000);
    await logs.book.retain(file, RETENTION);
    assert.deepEqual(
      names().filter((name) => name.endsWith('.tmp')),
      [],
    );
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
  });

  it('never shows a hole as lines, though its record is lost', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    await logs.book.retain(file, { ...RETENTION, archiveBytes: 0 });
    rmSync(`${file.path}.freed`);
    const texts = await logs.texts(file);
    assert.ok(texts.length > 2000);
    assert.ok(texts.every((text) => !text.includes('\\x00')));
  });

  it('reads round an archive that is damaged, and says so', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    for (let round = 0; round < 2; round += 1) {
      writeLines(round * 10_000, (round + 1) * 10_000);
      await logs.book.retain(file, RETENTION);
    }
    const [first, second] = await logs.book.archives(file);
    writeFileSync(first!.path, 'not compressed');
    const texts = await logs.texts(file);
    assert.deepEqual(texts, numbered(second!.from / 14, 20_000));
    assert.equal(logs.complaints.length, 1);
  });

  it('starts anew when the file was emptied or replaced by hand, and keeps what was archived', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    await logs.book.retain(file, RETENTION);
    const archived = (await logs.book.archives(file)).at(-1)!.to / 14;
    truncateSync(file.path, 0);
    writeLines(20_000, 20_010);
    await logs.book.retain(file, RETENTION);
    assert.deepEqual(await logs.texts(file), [...numbered(0, archived), ...numbered(20_000, 20_010)]);
    rmSync(file.path);
    writeLines(30_000, 50_000);
    await logs.book.retain(file, RETENTION);
    assert.deepEqual(await logs.texts(file), [...numbered(0, archived), ...numbered(30_000, 50_000)]);
  });

  it('frees nothing of a file that took the place of the one it copied', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 400_000);
    // As the program that still has it open does: its inode is not given to the next file.
    const held = openSync(file.path, 'r');
    t.after(() => closeSync(held));
    const retained = logs.book.retain(file, RETENTION);
    while (!names().includes('.web-1-blue.out.gz.tmp')) await new Promise(setImmediate);
    rmSync(file.path);
    writeLines(20_000, 40_000);
    const whole = readFileSync(file.path);
    await assert.rejects(retained, /stays as it is/);
    assert.ok(readFileSync(file.path).equals(whole));
    await logs.book.retain(file, RETENTION);
    assert.deepEqual((await logs.texts(file)).slice(-20_000), numbered(20_000, 40_000));
  });

  it('is right after the state folder was copied to other inodes', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    await logs.book.retain(file, RETENTION);
    writeFileSync(`${file.path}.copy`, readFileSync(file.path));
    renameSync(`${file.path}.copy`, file.path);
    assert.deepEqual(await logs.reopen().lastLines(file, 2), numbered(19_998, 20_000));
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
  });

  it('cuts a line that is longer than everything, and reads it as one', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    logs.write(file, Buffer.alloc(20 * 1024 * KB, 'z'));
    await logs.book.retain(file, RETENTION);
    assert.ok(blocks() < 5 * 1024 * KB, `${blocks()} bytes of blocks`);
    const texts = await logs.texts(file);
    assert.equal(texts.length, 1);
    assert.match(texts[0]!, /^z{16384} \[20,955,136 bytes left out\]$/);
  });

  it('fails and frees nothing when the archive can not be written', async (t) => {
    if (!canFree) return t.skip(NO_HOLES);
    writeLines(0, 20_000);
    // A folder where the archive should go is in the way of every user, root too.

    mkdirSync(`${logs.folder}/.web-1-blue.out.gz.tmp/x`, { recursive: true });
    await assert.rejects(
      logs.book.retain(file, RETENTION),
      (error) => error instanceof Failure && error.report.code === 'logs.not-retained',
    );
    assert.ok(blocks() >= 280_000);
    assert.deepEqual(await logs.texts(file), numbered(0, 20_000));
  });
});
