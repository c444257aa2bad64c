import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import type { AcquireRequest, AcquireResult, ProcessIdentity } from '../../src/model/lock.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open-store.ts';

const LOCKS = { 'a file': (folder: string) => join(folder, 'reeve.db'), memory: () => ':memory:' };

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;

const processOf = (pid: number): ProcessIdentity => ({ bootId: 'boot', pid, startTicks: 7 });

for (const [name, pathIn] of Object.entries(LOCKS)) {
  describe(`the lock on ${name}`, () => {
    let folder: string;
    let store: Store;
    let now: number;
    const gone = new Set<number>();
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'reeve-lock-'));
      now = 1_000;
      gone.clear();
      store = openStore(pathIn(folder), {
        redactor: { learn: () => {}, redact: (text) => text.replaceAll('hunter2', '***') },
        isAlive: ({ pid }) => !gone.has(pid),
        clock: { now: () => now },
      });
    });
    afterEach(() => {
      store.close();
      rmSync(folder, { recursive: true });
    });

    const acquire = (
      owner: string,
      task: string,
      pid: number | null = null,
      more: Partial<AcquireRequest> = {},
    ): AcquireResult =>
      store.lock.acquire({
        stack: 'shop',
        owner,
        task,
        reason: 'because',
        holder: { host: 'here', process: pid === null ? null : processOf(pid) },
        ...more,
      });
    const heldBy = (result: AcquireResult) => {
      assert.notEqual(result.outcome, 'contended');
      return (result as Exclude<AcquireResult, { outcome: 'contended' }>).held;
    };

    it('is free at first, and says who has it and why once it is acquired', () => {
      assert.deepEqual([store.lock.read('shop').owner, store.lock.read('shop').fencing], ['free', 0]);
      const result = acquire('export', 'nightly', 10, { reason: 'dump with hunter2' });
      assert.equal(result.outcome, 'acquired');
      assert.deepEqual(store.lock.read('shop'), {
        stack: 'shop',
        owner: 'export',
        task: 'nightly',
        reason: 'dump with ***',
        acquiredAt: 1_000,
        holder: { host: 'here', process: processOf(10) },
        fencing: 1,
        takenOverFrom: null,
      });
      assert.equal(store.lock.read('blog').owner, 'free', 'stacks have a lock each');
    });

    it('is among those taken as long as somebody has it', () => {
      assert.deepEqual(store.lock.taken(), []);
      acquire('export', 'nightly', 10);
      acquire('deploy', 'change-1', 11, { stack: 'blog' });
      store.lock.release('shop', 'nightly');
      assert.deepEqual(store.lock.taken(), [store.lock.read('blog')]);
    });

    it('is already held when the same process asks again for the same owner and task', () => {
      const first = acquire('deploy', 'change-1', 10);
      now = 2_000;
      const again = acquire('deploy', 'change-1', 10);
      assert.equal(again.outcome, 'already-held');
      assert.deepEqual(heldBy(again), heldBy(first));
      assert.equal(again.record.acquiredAt, 1_000);
    });

    it('is fenced anew when another process of the same owner and task asks', () => {
      const first = acquire('deploy', 'change-1', 10);
      const again = acquire('deploy', 'change-1', 11);
      assert.deepEqual([again.outcome, heldBy(again).fencing], ['acquired', 2]);
      assert.equal(store.lock.isHeld(heldBy(first)), false, 'the process before is fenced out');
      assert.equal(store.lock.isHeld(heldBy(again)), true);
      assert.deepEqual(store.lock.read('shop').holder?.process, processOf(11));
    });

    it('keeps the life it hangs on when a script of the same task asks without a process', () => {
      const outer = acquire('export', 'nightly', 10);
      const inner = acquire('export', 'nightly');
      assert.equal(inner.outcome, 'already-held');
      assert.deepEqual(store.lock.read('shop').holder?.process, processOf(10));
      assert.equal(store.lock.isHeld(heldBy(outer)), true);
      gone.add(10);
      const after = acquire('export', 'nightly');
      assert.deepEqual([after.outcome, store.lock.read('shop').holder?.process], ['acquired', null]);
    });

    it('is contended for another owner, and for another task of the same owner, when its holder lives', () => {
      acquire('export', 'nightly', 10);
      for (const result of [acquire('deploy', 'nightly', 11), acquire('export', 'weekly', 11)]) {
        assert.equal(result.outcome, 'contended');
        assert.equal(result.record.task, 'nightly');
      }
      assert.equal(store.lock.read('shop').fencing, 1, 'a contended request touches nothing');
    });

    it('is contended also for the same task when the request is exclusive and another process has it', () => {
      acquire('export', 'nightly', 10);
      assert.equal(acquire('export', 'nightly', 11, { exclusive: true }).outcome, 'contended');
      assert.equal(acquire('export', 'nightly', 10, { exclusive: true }).outcome, 'already-held');
      gone.add(10);
      assert.equal(acquire('export', 'nightly', 11, { exclusive: true }).outcome, 'acquired');
      store.lock.release('shop', 'nightly');
      acquire('export', 'nightly');
      assert.equal(acquire('export', 'nightly', null, { exclusive: true }).outcome, 'contended');
    });

    it('is taken over with both names on record when its holder is gone', () => {
      const first = acquire('export', 'nightly', 10);
      gone.add(10);
      now = 5_000;
      const result = acquire('deploy', 'change-1', 11);
      assert.equal(result.outcome, 'taken-over');
      assert.deepEqual(store.lock.read('shop').takenOverFrom, {
        owner: 'export',
        task: 'nightly',
        at: 5_000,
      });
      assert.equal(store.lock.isHeld(heldBy(first)), false);
      const [entry] = store.audit.list(1);
      assert.match(
        `${entry?.what}: ${entry?.outcome}`,
        /take-over shop: "deploy".*"export" \(nightly\) is gone/,
      );
    });

    it('is never taken over when it is held by nobody’s life', () => {
      acquire('export', 'migration');
      assert.equal(acquire('deploy', 'change-1', 11).outcome, 'contended');
    });

    it('is released by its task only, and says so when it was free', () => {
      const held = heldBy(acquire('export', 'nightly', 10));
      const refused = store.lock.release('shop', 'weekly');
      assert.deepEqual([refused.outcome, refused.record.owner], ['not-holder', 'export']);
      assert.equal(store.lock.isHeld(held), true);
      assert.equal(store.lock.release('shop', 'nightly').outcome, 'released');
      assert.equal(store.lock.isHeld(held), false);
      assert.equal(store.lock.release('shop', 'nightly').outcome, 'was-free');
      assert.equal(heldBy(acquire('deploy', 'change-2', 11)).fencing, 2, 'the fencing number never falls');
    });

    it('refuses owners and tasks that are not names', () => {
      for (const owner of ['free', '', 'Export', 'a b', 'x'.repeat(65)]) {
        assert.throws(() => acquire(owner, 'nightly'), hasCode('lock.bad-owner'), owner);
      }
      for (const task of ['', 'a b', '..', '../x', '-x', 'a\nb']) {
        assert.throws(() => acquire('export', task), hasCode('lock.bad-task'), task);
      }
      assert.equal(acquire('export', 'dump:db_1.full').outcome, 'acquired');
    });
  });
}
