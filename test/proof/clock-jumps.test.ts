// The host's clock is set by a day, back and ahead, while the agent runs, in the middle of a deploy, and while there is no
// agent. Nothing is restarted, kept or given up for it, and what is said of times makes sense.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import type { LogLine } from '../../src/ports/log-book.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type MovedClock, openMovedClock, whyNoMovedClock } from '../worlds/moved-clock.ts';
import {
  assertAnswers,
  type Instance,
  mustSucceed,
  openStrained,
  type Strained,
} from '../worlds/strained-stage.ts';

const NAME = 'proof-clock';
const DAY_MS = 86_400_000;
const WARM_MS = 12_000;

// It is a day behind, or right: a file's own times come from the kernel, which is right all the while.
const JUMPS = [
  { set: 'back by a day', toMs: -DAY_MS },
  { set: 'ahead by a day', toMs: 0 },
] as const;

describe('an agent whose clock is set', { skip: whyNoMovedClock() ?? false, concurrency: 1 }, () => {
  let folder: string;
  let clock: MovedClock;
  let strained: Strained;

  const isServing = ({ warmUntil }: Instance): boolean => warmUntil === null;
  // Two of web, and the frail one.
  const noneIsWarm = async (): Promise<boolean> => (await strained.instances()).length === 3;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'reeve-clock-'));
    clock = openMovedClock(folder);
    strained = await openStrained({
      name: NAME,
      env: clock.env,
      rest: `warm: ${WARM_MS / 1000}s\nretention: { releases: 3 }`,
    });
  });

  afterEach(async () => {
    // Where a test has failed with it.
    await strained.stage.reeve('lock', 'release', '--task', 'nightly');
    strained.assertUnnoticed();
    await strained.assertRecovered();
    await assertTimesMakeSense(strained, clock);
  });

  after(async () => {
    await strained.close();
    clock.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { set, toMs } of JUMPS) {
    test(`${set} restarts nothing, and starts what dies`, async () => {
      const { stage, pids } = strained;
      const before = await pids();
      const web = await pids('web');
      await mustSucceed(stage, 'lock', 'acquire', 'export', '--task', 'nightly');
      clock.setBy(toMs);
      await assertAnswers(stage);
      assert.deepEqual(await pids(), before);
      // Often enough for a back-off, which has to end.
      for (const _ of [1, 2]) {
        const { pid } = await strained.frail();
        process.kill(pid!, 'SIGKILL');
        await eventually(
          'it runs again',
          async () => {
            const now = await strained.frail();
            return now.health === 'healthy' && now.pid !== pid;
          },
          40_000,
        );
      }
      assert.deepEqual(await pids('web'), web);
      assert.equal((await mustSucceed(stage, 'lock', 'current')).stdout, 'export\n', 'its lock is its own');
      await mustSucceed(stage, 'lock', 'release', '--task', 'nightly');
    });
  }

  for (const { set, toMs } of JUMPS) {
    test(`${set} in the middle of a deploy lets it go on to its end`, async () => {
      const { stage } = strained;
      const gate = `gate-${toMs}`;
      stage.write('gate.txt', gate);
      const deploy = stage.start('deploy');
      await strained.changeAt('pass-gate');
      clock.setBy(toMs);
      strained.openGate(gate);
      const ran = await deploy.ended;
      assert.equal(ran.exit, 0, ran.stderr);
      assert.doesNotMatch(ran.stdout, NEGATIVE);
    });
  }

  for (const { set, toMs } of JUMPS) {
    test(`${set} keeps warm copies for as long as was promised, and no longer`, async () => {
      const { stage } = strained;
      await mustSucceed(stage, 'deploy', '--force');
      const began = performance.now();
      const warm = (await strained.instances()).filter((instance) => !isServing(instance));
      assert.ok(warm.length > 0, 'the copies before are kept warm');
      clock.setBy(toMs);
      const left = await eventually('their time goes with the clock', async () => {
        const [first] = (await strained.instances()).filter((instance) => !isServing(instance));
        const leftMs = (first?.warmUntil ?? 0) - clock.now();
        return leftMs > 0 && leftMs <= WARM_MS ? leftMs : null;
      });
      assert.ok(
        warm.every(({ pid }) => isRunning(pid!)),
        `they run for another ${left} ms`,
      );
      await eventually('their time is over', noneIsWarm, WARM_MS + 20_000);
      assert.ok(performance.now() - began > WARM_MS, 'not before their time');
    });
  }

  for (const { set, toMs } of JUMPS) {
    test(`${set} shows by time what was written since, and only that`, async () => {
      const { stage } = strained;
      clock.setBy(toMs);
      const lines = await eventually('it is known when lines were written', async () => {
        const { stdout } = await mustSucceed(stage, 'logs', 'web', '--since', '3s', '--json');
        const found = linesOf(stdout);
        const isNew = ({ at }: LogLine): boolean => at !== null && Math.abs(clock.now() - at) < 60_000;
        return found.length > 0 && found.every(isNew) ? found : null;
      });
      const all = linesOf((await mustSucceed(stage, 'logs', 'web', '--tail', '100000', '--json')).stdout);
      assert.ok(all.length > lines.length, 'older lines are still there');
    });
  }

  for (const { set, toMs } of JUMPS) {
    test(`${set} while there is no agent leaves everything to the next as it was`, async () => {
      const { stage, pids } = strained;
      const before = await pids();
      await strained.killAgent();
      clock.setBy(toMs);
      await mustSucceed(stage, 'agent', 'start');
      assert.deepEqual(await pids(), before);
      await strained.assertWhole();
      await assertAnswers(stage);
      assert.deepEqual(await pids(), before);
    });
  }

  test('back by a day while there is no agent does not leave a deploy, a lock or a job behind', async () => {
    const { stage } = strained;
    clock.setBy(0);
    stage.write('gate.txt', 'resumed');
    const deploy = stage.start('deploy');
    const { id } = await strained.changeAt('pass-gate');
    await strained.killAgent();
    clock.setBy(-DAY_MS);
    await mustSucceed(stage, 'agent', 'start');
    strained.openGate('resumed');
    await deploy.ended;
    const change = await eventually('it is done', async () => {
      const found = await stage.client.call('showChange', { params: { id } });
      return found.closedAt === null ? null : found;
    });
    assert.equal(change.state, 'done', change.outcome ?? '');
    clock.setBy(0);
  });
});

/** `-3 s`, and what formats a time that is none. */
const NEGATIVE = /(^|\s)-\d+(\.\d+)? ?(ms|s|min|h|d|%|B|KB|MB)\b|NaN|Invalid/;

const linesOf = (stdout: string): readonly LogLine[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LogLine);

const assertTimesMakeSense = async ({ stage }: Strained, clock: MovedClock): Promise<void> => {
  for (const line of ['status', 'ps', 'changes', 'releases', 'lock', 'audit']) {
    const { stdout } = await mustSucceed(stage, line);
    assert.doesNotMatch(stdout, NEGATIVE, line);
  }
  const changes = JSON.parse((await mustSucceed(stage, 'changes', '--json')).stdout) as readonly Change[];
  const [last] = changes;
  const tookMs = last!.closedAt! - last!.openedAt;
  assert.ok(tookMs >= 0 && tookMs < 60_000, `the last one took ${tookMs} ms`);
  assert.ok(Math.abs(clock.now() - last!.openedAt) < 60_000, 'and is as old as it is');
  const ids = changes.map(({ id }) => id);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => b - a),
    'newest first',
  );
};
