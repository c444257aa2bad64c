import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import type { Store } from '../../src/ports/store.ts';
import { connect } from '../../src/store/database.ts';
import { openStore } from '../../src/store/open-store.ts';
import { upgrade } from '../../src/store/upgrade/upgrade.ts';
import { eventually } from '../worlds/conditions.ts';
import { aPlan } from '../worlds/release-builder.ts';

const options = {
  redactor: { learn: () => {}, redact: (text: string) => text },
  isAlive: () => true,
  clock: { now: () => 0 },
};
const program = (name: string): string => join(import.meta.dirname, '../programs', name);
const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;
const fill = (store: Store, changes: number): void => {
  for (let n = 0; n < changes; n++) {
    const { id } = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: n });
    store.journal.record(id, { step: 1, event: 'intent', at: n, words: 'x'.repeat(200) });
    store.journal.close(id, { state: 'done', at: n, outcome: 'Done', error: null });
  }
};

describe('the store file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reeve-store-'));
    path = join(folder, 'state', 'reeve.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const corrupt = (file: string, at: number): void => {
    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(8192, 0x5a), 0, 8192, at);
    closeSync(fd);
  };
  const closed = (changes = 0): Buffer => {
    const store = openStore(path, options);
    fill(store, changes);
    store.close();
    return readFileSync(path);
  };

  it('is for its owner alone, with its log and index, whatever the umask is', () => {
    const before = process.umask(0);
    try {
      const store = openStore(path, options);
      fill(store, 1);
      for (const end of ['', '-wal', '-shm']) assert.equal(statSync(path + end).mode & 0o777, 0o600, end);
      store.close();
    } finally {
      process.umask(before);
    }
    assert.deepEqual(readdirSync(join(folder, 'state')), ['reeve.db'], 'nothing is left beside it');
  });

  it('is there again with everything when it is opened after a close', () => {
    closed(3);
    const store = openStore(path, options);
    assert.equal(store.journal.list({ stack: 'shop', limit: 9 }).length, 3);
    store.close();
  });

  it('is refused and left as it is when a newer Reeve wrote it', () => {
    closed();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(path);
    assert.throws(() => openStore(path, options), hasCode('store.newer'));
    assert.deepEqual(readFileSync(path), before);
  });

  it('is refused and left as it is when it is empty, cut short, garbage or of another program', () => {
    const good = closed(50);
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE t (a)');
    db.close();
    const broken: Record<string, () => void> = {
      empty: () => truncateSync(path, 0),
      'cut short': () => writeFileSync(path, good.subarray(0, good.length / 2)),
      garbage: () => writeFileSync(path, Buffer.alloc(4096, 7)),
      'of another program': () => copyFileSync(other, path),
      'a damaged header': () => writeFileSync(path, Buffer.concat([Buffer.alloc(16), good.subarray(16)])),
    };
    for (const [what, damage] of Object.entries(broken)) {
      damage();
      const before = readFileSync(path);
      assert.throws(() => openStore(path, options), hasCode('store.damaged'), what);
      assert.deepEqual(readFileSync(path), before, what);
    }
  });

  it('is checked as a whole, refused and left as it is when it was not closed and a page is damaged', () => {
    closed(200);
    const store = openStore(path, options);
    fill(store, 1);
    const log = readFileSync(`${path}-wal`);
    store.close();
    writeFileSync(`${path}-wal`, log);
    corrupt(path, 40_960);
    const before = readFileSync(path);
    assert.throws(() => openStore(path, options), hasCode('store.damaged'));
    assert.deepEqual(readFileSync(path), before);
  });

  it('is refused as damaged when a page turns out to be broken while it is read', () => {
    const { length } = closed(200);
    for (let at = 8192 * 4; at + 8192 <= length; at += 8192) corrupt(path, at);
    const store = openStore(path, options);
    assert.throws(() => store.journal.list({ stack: null, limit: 1000 }), hasCode('store.damaged'));
    store.close();
  });

  it('is not begun anew when the file is gone and its log is not', () => {
    closed(1);
    writeFileSync(`${path}-wal`, 'log');
    rmSync(path);
    assert.throws(() => openStore(path, options), hasCode('store.damaged'));
    assert.equal(existsSync(path), false);
  });

  it('says who can not use it when the path is no file that it can write', () => {
    mkdirSync(path, { recursive: true });
    assert.throws(() => openStore(path, options), hasCode('store.unusable'));
  });

  it('keeps the last 1000 ended changes of a stack, and every open one', () => {
    const store = openStore(path, options);
    const first = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: 0 });
    const db = new DatabaseSync(path);
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
      INSERT INTO changes (stack, state, plan, asked_by, opened_at, closed_at) SELECT 'shop', 'done', '{}', 'ann', i, i FROM n`);
    db.close();
    fill(store, 1);
    const kept = store.journal.list({ stack: 'shop', limit: 5000 });
    assert.equal(kept.length, 1001);
    assert.equal(kept.at(-1)!.id, first.id);
    store.close();
  });

  it('has every record that a write returned for when its process is killed', async () => {
    closed();
    const child = spawn(process.execPath, [program('write-journal.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually('20 records', () => said.split('\n').length > 20);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    const last = Number(said.trimEnd().split('\n').at(-1));
    const store = openStore(path, options);
    const [change] = store.journal.unfinished();
    assert.ok(change!.records.length >= last, `${change!.records.length} of ${last} records`);
    store.close();
  });

  it('is reported as busy when another connection does not end its write', () => {
    closed();
    const [holder, other] = [connect(path), connect(path, 30)];
    holder.write(() => assert.throws(() => other.write(() => {}), hasCode('store.busy')));
    assert.equal(
      other.write(() => 'free again'),
      'free again',
    );
    holder.close();
    other.close();
  });

  it('is upgraded in one transaction, so that a failed upgrade leaves the schema before', () => {
    const plain = join(folder, 'plain.db');
    const db = connect(plain);
    upgrade(db, ['CREATE TABLE a (x INTEGER)']);
    assert.throws(() => upgrade(db, ['', 'CREATE TABLE b (x INTEGER)', 'CREATE TABLE a (x INTEGER)']));
    assert.equal(db.prepare('PRAGMA user_version').get()!.user_version, 1);
    assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'b'").get()!.n, 0);
    upgrade(db, ['', 'CREATE TABLE b (x INTEGER)']);
    assert.equal(db.prepare('PRAGMA user_version').get()!.user_version, 2);
    db.close();
  });
});

describe('the store file on a full disk', () => {
  it('says that the disk is full, keeps what it had and goes on when there is space again', (t) => {
    const tmpfs = mountTmpfs();
    if (tmpfs === null) return t.skip('a tmpfs needs root and mount(8)');
    const path = join(tmpfs, 'reeve.db');
    const store = openStore(path, options);
    try {
      const change = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: 0 });
      const filler = join(tmpfs, 'filler');
      execFileSync('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null || true`]);
      const write = () =>
        store.journal.record(change.id, { step: 1, event: 'done', at: 1, words: 'y'.repeat(40_000) });
      assert.throws(write, hasCode('store.full'));
      assert.equal(store.journal.get(change.id)!.records.length, 0);
      rmSync(filler);
      assert.equal(write().seq, 1);
    } finally {
      store.close();
      execFileSync('umount', [tmpfs]);
      rmSync(tmpfs, { recursive: true });
    }
  });
});

function mountTmpfs(): string | null {
  if (process.getuid?.() !== 0) return null;
  const at = mkdtempSync(join(tmpdir(), 'reeve-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch (error) {
    rmSync(at, { recursive: true });
    if (error instanceof Error) return null;
    throw error;
  }
}
