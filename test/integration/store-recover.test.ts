// What is done with a database that can not be trusted, and with one that knows nothing.
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import { readStacksOnDisk } from '../../src/releases/stacks-on-disk.ts';
import { knowsNothing, openSoundStore, refillStore, setAside } from '../../src/store/recover.ts';
import { openStore } from '../../src/store/open-store.ts';
import { aPlan, aRelease } from '../worlds/release-builder.ts';

const options = {
  redactor: { learn: () => {}, redact: (text: string) => text },
  isAlive: () => true,
  clock: { now: () => 0 },
};
const isDamaged = (error: unknown): boolean => isReported(error) && error.report.code === 'store.damaged';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reeve-recover-'));
  path = join(folder, 'reeve.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a store that an agent is to live on', () => {
  it('is read as a whole, so that a page that was damaged at rest is found before it is needed', () => {
    const store = openStore(path, options);
    for (let id = 1; id <= 40; id += 1) store.releases.insert(aRelease({ id }));
    store.stacks.put({ name: 'shop', file: '', scale: {} });
    store.close();
    const fd = openSync(path, 'r+');
    const size = statSync(path).size;
    for (let at = 8192; at + 4096 <= size; at += 4096) writeSync(fd, Buffer.alloc(2048, 0x5a), 0, 2048, at);
    closeSync(fd);
    assert.throws(() => openSoundStore(path, options), isDamaged);
  });

  it('is refused as damaged when a record in a sound page is not what was written', () => {
    const store = openStore(path, options);
    store.releases.insert(aRelease());
    store.stacks.put({ name: 'shop', file: '', scale: {} });
    store.close();
    const db = new DatabaseSync(path);
    db.exec(`UPDATE releases SET definition = '{"name":'`);
    db.close();
    assert.throws(() => openSoundStore(path, options), isDamaged);
  });

  it('knows nothing until something was deployed; a lock is nothing', () => {
    const store = openSoundStore(path, options);
    const holder = { host: 'box', process: null };
    store.lock.acquire({ stack: 'shop', owner: 'export', task: 'export-1', reason: '', holder });
    assert.equal(knowsNothing(store), true);
    store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: 0 });
    assert.equal(knowsNothing(store), false);
    store.close();
  });
});

describe('a database that is set aside', () => {
  it('keeps every byte under another name, with its log and index', () => {
    writeFileSync(path, 'garbage');
    writeFileSync(`${path}-wal`, 'log');
    assert.equal(setAside(path, 7), `${path}.damaged-7`);
    assert.deepEqual(readdirSync(folder).toSorted(), ['reeve.db.damaged-7', 'reeve.db.damaged-7-wal']);
    assert.equal(readFileSync(`${path}.damaged-7`, 'utf8'), 'garbage');
    assert.equal(setAside(path, 8), null, 'where there is none, nothing is set aside');
  });
});

describe('a store that is filled anew', () => {
  it('has all of it, keeps the locks it had, and numbers changes on', () => {
    const before = openStore(path, options);
    const holder = { host: 'box', process: null };
    before.lock.acquire({ stack: 'shop', owner: 'export', task: 'export-1', reason: '', holder });
    before.close();
    refillStore(path, options, {
      lastChange: 41,
      fill: (store) => {
        store.releases.insert(aRelease({ id: 3, state: 'current' }));
        store.releases.retireIds('shop', 5);
      },
    });
    const store = openStore(path, options);
    assert.equal(store.releases.get('shop', 3)?.state, 'current');
    assert.equal(store.releases.nextId('shop'), 6);
    assert.equal(store.lock.read('shop').owner, 'export');
    assert.equal(
      store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'queued', at: 0 }).id,
      42,
    );
    store.close();
  });

  it('has none of it where filling fails half-way', () => {
    const fill = (store: ReturnType<typeof openStore>): void => {
      store.releases.insert(aRelease());
      throw new Error('half-way');
    };
    assert.throws(() => refillStore(path, options, { lastChange: 0, fill }), /half-way/);
    const store = openStore(path, options);
    assert.equal(store.releases.list('shop').length, 0);
    store.close();
  });
});

describe('the folders of stacks', () => {
  const release = (id: number, text: string): void => {
    const at = join(folder, 'stacks', 'shop', 'releases', String(id));
    mkdirSync(join(at, 'tree'), { recursive: true });
    writeFileSync(join(at, 'release.json'), text);
  };

  it('say which releases there are, which do not say what they are, and how far changes were numbered', () => {
    release(2, JSON.stringify(aRelease({ id: 2 })));
    release(10, JSON.stringify(aRelease({ id: 10 })));
    release(3, '{"id": 3');
    release(4, JSON.stringify(aRelease({ id: 5 })));
    mkdirSync(join(folder, 'stacks', 'shop', 'releases', '.6.tmp'));
    mkdirSync(join(folder, 'stacks', 'shop', 'logs', 'jobs'), { recursive: true });
    writeFileSync(join(folder, 'stacks', 'shop', 'logs', 'jobs', '17-migrate.out'), '');
    mkdirSync(join(folder, 'stacks', 'shop', 'run', 'job-19-migrate'), { recursive: true });
    mkdirSync(join(folder, 'stacks', 'no-release'), { recursive: true });
    const [shop, ...others] = readStacksOnDisk({ home: folder, socket: '' });
    assert.deepEqual(others, []);
    assert.deepEqual(
      shop!.releases.map(({ id, hasTree }) => [id, hasTree]),
      [
        [2, true],
        [10, true],
      ],
    );
    assert.deepEqual(shop!.unreadable, [3, 4]);
    assert.equal(shop!.lastChange, 19);
  });

  it('say nothing where there are none', () => {
    assert.deepEqual(readStacksOnDisk({ home: folder, socket: '' }), []);
  });
});
