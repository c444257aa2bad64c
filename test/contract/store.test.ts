import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Defect } from '../../src/model/error.ts';
import type { DesiredInstance, Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { aPlan, aRelease, aStack } from '../worlds/release-builder.ts';

const SECRET = 'hunter2-hunter2';
const redactor = { learn: () => {}, redact: (text: string) => text.replaceAll(SECRET, '***') };

const STORES = {
  'a file': (folder: string) => join(folder, 'reeve.db'),
  memory: () => ':memory:',
};

const web: DesiredInstance = {
  service: 'web',
  slot: 1,
  seat: 'blue',
  release: 1,
  fingerprint: 'f',
  port: 4001,
  warmUntil: null,
};

for (const [name, pathIn] of Object.entries(STORES)) {
  describe(`the store on ${name}`, () => {
    let folder: string;
    let store: Store;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'reeve-store-'));
      store = openStore(pathIn(folder), { redactor, isAlive: () => true, clock: { now: () => 0 } });
    });
    afterEach(() => {
      store.close();
      rmSync(folder, { recursive: true });
    });
    const open = (stack = 'shop', at = 1) =>
      store.journal.open({ stack, plan: aPlan({ stack }), by: 'ann', state: 'queued', at });
    const close = (id: number) =>
      store.journal.close(id, { state: 'done', at: 9, outcome: 'Done', error: null });

    it('gives a change back as it was opened and written to', () => {
      const opened = open();
      assert.equal(opened.state, 'queued');
      store.journal.begin(opened.id, { plan: aPlan(), fencing: 6 });
      store.journal.setFencing(opened.id, 7);
      store.journal.requestCancel(opened.id);
      store.journal.setPlan(opened.id, aPlan({ sentence: 'Deploy release 2' }));
      const change = store.journal.get(opened.id)!;
      assert.deepEqual(
        [change.state, change.fencing, change.cancelRequested, change.plan.sentence, change.closedAt],
        ['running', 7, true, 'Deploy release 2', null],
      );
    });

    it('numbers records within their change when two changes are written in turns', () => {
      const [a, b] = [open().id, open().id];
      const record = { step: 1, event: 'intent', at: 5, words: null } as const;
      assert.deepEqual([store.journal.record(a, record).seq, store.journal.record(b, record).seq], [1, 1]);
      assert.equal(store.journal.record(a, { ...record, event: 'done', words: 'Copied' }).seq, 2);
      assert.deepEqual(store.journal.get(a)!.records, [
        { seq: 1, step: 1, event: 'intent', at: 5, words: null },
        { seq: 2, step: 1, event: 'done', at: 5, words: 'Copied' },
      ]);
    });

    it('masks secrets in words, outcomes and every text of an error when they are written', () => {
      const { id } = open();
      store.journal.record(id, { step: 1, event: 'failed', at: 5, words: `with ${SECRET}` });
      store.journal.close(id, {
        state: 'failed',
        at: 6,
        outcome: `because of ${SECRET}`,
        error: { kind: 'failure', code: SECRET, message: SECRET, log: ['ok', `x ${SECRET}`], exit: 1 },
      });
      const change = store.journal.get(id)!;
      assert.equal(change.records[0]!.words, 'with ***');
      assert.equal(change.outcome, 'because of ***');
      assert.deepEqual([change.error!.message, change.error!.log], ['***', ['ok', 'x ***']]);
      assert.equal(change.error!.code, SECRET, 'codes are our own words and stay');
    });

    it('keeps why a change is being undone, masked, until it is closed', () => {
      const { id } = open();
      assert.equal(store.journal.retreat(id), null);
      const report = {
        kind: 'failure',
        code: 'gate.exited',
        message: SECRET,
        log: [SECRET],
        exit: 1,
      } as const;
      store.journal.setUndoing(id, { why: 'failed', report, blame: `because of ${SECRET}` });
      assert.equal(store.journal.get(id)!.state, 'undoing');
      assert.deepEqual(store.journal.retreat(id), {
        why: 'failed',
        report: { ...report, message: '***', log: ['***'] },
        blame: 'because of ***',
      });
      close(id);
      assert.equal(store.journal.retreat(id), null);
    });

    it('tells what is unfinished oldest first, and lists newest first', () => {
      const ids = [open('shop').id, open('blog').id, open('shop').id];
      close(ids[0]!);
      assert.deepEqual(
        store.journal.unfinished().map(({ id }) => id),
        [ids[1], ids[2]],
      );
      assert.deepEqual(
        store.journal.list({ stack: 'shop', limit: 9 }).map(({ id }) => id),
        [ids[2], ids[0]],
      );
      assert.deepEqual(
        store.journal.list({ stack: null, limit: 2 }).map(({ id }) => id),
        [ids[2], ids[1]],
      );
    });

    it('refuses to write to a change that is not there', () => {
      assert.throws(() => store.journal.setFencing(99, 1), Defect);
      assert.throws(() => store.journal.record(99, { step: 1, event: 'intent', at: 1, words: null }), Defect);
      assert.equal(store.journal.get(99), null);
    });

    it('gives a release back as it was inserted, and its number only once', () => {
      assert.equal(store.releases.nextId('shop'), 1);
      const release = aRelease({ id: 1 });
      store.releases.insert(release);
      assert.deepEqual(store.releases.get('shop', 1), release);
      assert.throws(() => store.releases.insert(release), Defect);
      store.releases.remove('shop', 1);
      assert.equal(store.releases.nextId('shop'), 2, 'the number of a removed release is not used again');
      assert.equal(store.releases.nextId('blog'), 1);
    });

    it('forgets old releases that have no folder, and none that is on disk', () => {
      for (let id = 1; id <= 210; id += 1) store.releases.insert(aRelease({ id, hasTree: id === 3 }));
      const ids = store.releases.list('shop').map(({ id }) => id);
      assert.deepEqual([ids.length, ids[0], ids.slice(-2)], [201, 210, [11, 3]]);
      store.releases.insert(aRelease({ id: 1, stackName: 'blog', hasTree: true }));
      assert.deepEqual(store.releases.onDisk(), [
        { stack: 'blog', id: 1 },
        { stack: 'shop', id: 3 },
      ]);
    });

    it('finds the current release, and lists as many as are asked for, the newest first', () => {
      assert.equal(store.releases.current('shop'), null);
      for (let id = 1; id <= 5; id += 1) store.releases.insert(aRelease({ id }));
      store.releases.insert(aRelease({ id: 6, stackName: 'blog', state: 'current' }));
      assert.equal(store.releases.current('shop'), null, 'another stack’s');
      store.releases.setState('shop', 2, 'current', null);
      assert.deepEqual(store.releases.current('shop'), store.releases.get('shop', 2));
      const ids = (limit?: number) => store.releases.list('shop', limit).map(({ id }) => id);
      assert.deepEqual(
        [ids(2), ids(9), ids()],
        [
          [5, 4],
          [5, 4, 3, 2, 1],
          [5, 4, 3, 2, 1],
        ],
      );
    });

    it('gives releases of the same definition one object of it, and others their own', () => {
      const other = aStack({ env: { PORT: '1' } });
      for (let id = 1; id <= 30; id += 1)
        store.releases.insert(aRelease({ id, ...(id % 2 === 0 ? { stack: other } : {}) }));
      const stacks = store.releases.list('shop').map(({ stack }) => stack);
      assert.equal(new Set(stacks).size, 2, 'an agent keeps one for each of its instances');
      assert.deepEqual([stacks[0], stacks[1]], [other, aRelease().stack]);
      assert.equal(store.releases.get('shop', 30)!.stack, stacks[0]);
    });

    it('keeps one current release when another becomes it', () => {
      for (const id of [1, 2]) store.releases.insert(aRelease({ id }));
      store.releases.setState('shop', 1, 'current', null);
      store.releases.setState('shop', 2, 'current', `good, ${SECRET}`);
      store.releases.setHasTree('shop', 1, false);
      assert.deepEqual(
        store.releases.list('shop').map((it) => [it.id, it.state, it.stateReason, it.hasTree]),
        [
          [2, 'current', 'good, ***', true],
          [1, 'stable', null, false],
        ],
      );
      assert.throws(() => store.releases.setState('shop', 9, 'current', null), Defect);
      assert.equal(store.releases.get('shop', 2)!.state, 'current', 'a refused write changes nothing');
    });

    it('replaces, lists and removes desired instances by place', () => {
      const green: DesiredInstance = { ...web, seat: 'green', port: null };
      store.instances.put('shop', [web, green]);
      store.instances.put('blog', [web]);
      store.instances.put('shop', [{ ...web, warmUntil: 500 }]);
      assert.deepEqual(store.instances.list('shop'), [
        { stack: 'shop', ...web, warmUntil: 500 },
        { stack: 'shop', ...green },
      ]);
      store.instances.remove('shop', ['web-1-blue', 'web-9-blue']);
      assert.deepEqual(
        store.instances.list(null).map((it) => `${it.stack}/${it.seat}`),
        ['blog/blue', 'shop/green'],
      );
    });

    it('gives a port to one stack at a time, all that were asked for or none', () => {
      store.ports.reserve('shop', { 'web-1-blue': 4001, 'web-1-green': 4002 });
      store.ports.reserve('shop', { 'web-1-blue': 4001 });
      assert.throws(
        () => store.ports.reserve('blog', { 'web-1-blue': 4003, 'web-1-green': 4002 }),
        (error: { report: { code: string } }) => error.report.code === 'port.reserved',
      );
      assert.deepEqual(store.ports.of('blog'), {});
      assert.deepEqual(store.ports.of('shop'), { 'web-1-blue': 4001, 'web-1-green': 4002 });
      store.ports.free('shop');
      store.ports.reserve('blog', { 'web-1-green': 4002 });
      assert.deepEqual(store.ports.all(), [{ stack: 'blog', instance: 'web-1-green', port: 4002 }]);
    });

    it('keeps facts of stacks, and the audit newest first and masked', () => {
      const record = { name: 'shop', file: '/srv/reeve.yaml', scale: { web: { replicas: 3, over: 1 } } };
      store.stacks.put({ ...record, file: '/old' });
      store.stacks.put(record);
      assert.deepEqual([store.stacks.get('shop'), store.stacks.list()], [record, [record]]);
      store.stacks.remove('shop');
      assert.equal(store.stacks.get('shop'), null);
      const entry = { at: 1, by: 'ann', what: 'deploy shop', change: 4, outcome: 'started' };
      store.audit.append(entry);
      store.audit.append({ ...entry, what: `deploy ${SECRET}`, change: null });
      assert.deepEqual(store.audit.list(9), [{ ...entry, what: 'deploy ***', change: null }, entry]);
      assert.equal(store.audit.list(1).length, 1);
    });
  });
}
