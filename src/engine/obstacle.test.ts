// Requests that have to wait, and what becomes of them when who asked goes away, the disk is full or the agent dies.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STACK } from '../../test/worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { type ErrorReport, Failure, isReported } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { LockStore } from '../ports/store.ts';
import type { PlanRequest } from './plan-request.ts';

const web = { run: 'web', route: 'shop.localhost', health: { http: '/up' } };
const shop: Written = { services: { web }, bake: '2s', warm: '10m' };
const restart: PlanRequest = { want: 'restart', stack: STACK, services: [] };
const down: PlanRequest = { want: 'down', stack: STACK, purge: false };

const deployed = async (): Promise<SimulatedLife> => {
  const life = new SimulatedLife();
  await life.deploys(shop, 'r1');
  life.agent.revision = 'r2';
  return life;
};

const refusal = async (asked: Promise<unknown>): Promise<ErrorReport> => {
  try {
    await asked;
  } catch (error) {
    assert.ok(isReported(error), String(error));
    return error.report;
  }
  throw new Error('it was not refused');
};

const takeLock = ({ host }: SimulatedLife): void => {
  const holder = { host: 'box', process: null };
  host.store.lock.acquire({ stack: STACK, owner: 'export', task: 'dump', reason: 'nightly', holder });
};

const changesOf = ({ host }: SimulatedLife): number =>
  host.store.journal.list({ stack: STACK, limit: 99 }).length;

/** The next call fails as it does on a full disk. */
const failOnce = (life: SimulatedLife, method: 'acquire' | 'release'): void => {
  const lock = life.host.store.lock as { -readonly [K in keyof LockStore]: LockStore[K] };
  const real = lock[method];
  lock[method] = () => {
    lock[method] = real as never;
    throw new Failure('store.full', 'Cannot write: the disk is full');
  };
};

describe('a request that waits', () => {
  test('keeps nobody from an answer while it waits for the lock', async () => {
    const life = await deployed();
    takeLock(life);
    const waiting = refusal(life.agent.queue.submit({ ...restart, waitMs: 60_000 }, 'ada'));
    await life.host.clock.advance(500);
    assert.equal((await refusal(life.begins(deployRequest(shop)))).code, 'lock.held');
    await life.host.clock.advance(60_000);
    assert.equal((await waiting).code, 'lock.not-obtained');
  });

  for (const [what, begin] of Object.entries({
    'a change that runs': (life: SimulatedLife) => life.begins(deployRequest(shop)),
    'the lock': async (life: SimulatedLife) => takeLock(life),
  })) {
    test(`is never begun when who asked hangs up while it waits for ${what}`, async () => {
      const life = await deployed();
      await begin(life);
      const before = changesOf(life);
      const caller = new AbortController();
      const waiting = life.agent.queue.submit({ ...restart, waitMs: 60_000 }, 'ada', caller.signal);
      const refused = refusal(waiting);
      await life.host.clock.advance(500);
      caller.abort();
      assert.equal((await refused).code, 'change.given-up');
      life.host.store.lock.release(STACK, 'dump');
      await life.host.clock.advance(60_000);
      assert.equal(changesOf(life), before);
    });
  }

  test('goes on when who asked hangs up after it was begun', async () => {
    const life = await deployed();
    const caller = new AbortController();
    const accepted = await life.agent.queue.submit(restart, 'ada', caller.signal);
    caller.abort();
    assert.ok(accepted.outcome === 'started');
    assert.equal((await life.end(accepted.change)).state, 'done');
  });
});

describe('a queued deploy', () => {
  test('makes a new release as it was asked to when the agent died before its turn', async () => {
    const life = await deployed();
    await life.begins(deployRequest(shop));
    const second = await life.begins(deployRequest(shop, { force: true }));
    assert.throws(() => life.agent.crash());
    await life.restartAgent();
    assert.equal(life.change(second.id).outcome, 'Release 3 is live');
  });

  test('is tried again when it could not begin', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const second = await life.begins(deployRequest(shop));
    life.host.onEvent = (event) => {
      if (event.event === 'lock.changed' && event.owner === 'free') failOnce(life, 'acquire');
    };
    await life.end(first);
    life.host.onEvent = () => {};
    assert.equal((await life.end(second)).outcome, 'Release 3 is live');
  });

  test('does not bring back what was taken down after it', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const second = await life.begins(deployRequest(shop));
    life.host.onEvent = (event) => {
      if (event.event === 'lock.changed' && event.owner === 'free') takeLock(life);
    };
    await life.end(first);
    life.host.onEvent = () => {};
    const waiting = life.agent.queue.submit({ ...down, waitMs: 10_000 }, 'ada');
    life.host.store.lock.release(STACK, 'dump');
    await life.host.clock.runUntil(() => life.change(second.id).state !== 'queued');
    const accepted = await waiting;
    assert.equal(life.change(second.id).state, 'superseded');
    assert.ok(accepted.outcome === 'started');
    await life.end(accepted.change);
    await life.host.clock.advance(5_000);
    assert.equal(life.host.processes.size, 0);
  });
});

describe('the lock of a planning', () => {
  test('is given back later when it could not be written that it is free', async () => {
    const life = await deployed();
    failOnce(life, 'release');
    const { code } = await refusal(life.begins({ want: 'job', stack: STACK, job: 'nothing' }));
    assert.equal(code, 'job.unknown', 'what went wrong first is told');
    await life.host.clock.advance(6_000);
    assert.equal(life.host.store.lock.read(STACK).owner, 'free');
    assert.equal((await life.does(restart)).state, 'done');
  });

  test('does not keep the change from its end when it could not be given back at once', async () => {
    const life = await deployed();
    failOnce(life, 'release');
    assert.equal((await life.does(deployRequest(shop))).state, 'done');
    assert.deepEqual(life.flaws(), []);
  });
});

describe('a change that a newer Reeve left', () => {
  const left = async (): Promise<{ readonly life: SimulatedLife; readonly id: number }> => {
    const life = await deployed();
    const { id, plan } = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    assert.throws(() => life.agent.crash());
    life.host.store.journal.setPlan(id, { ...plan, version: 2 } as unknown as Plan);
    life.agent = life.host.agent('r2');
    life.agent.queue.resume();
    life.host.calls.length = 0;
    await life.host.clock.advance(10_000);
    return { life, id };
  };

  test('is left as it is, with its lock', async () => {
    const { life, id } = await left();
    assert.deepEqual(life.host.calls, []);
    assert.equal(life.change(id).state, 'running');
    assert.equal(life.host.store.lock.read(STACK).task, `change-${id}`);
    assert.match(life.host.problems.join(), /plan of version 2, at most version 1 is required/);
  });

  test('is in the way of every other, and can not be cancelled', async () => {
    const { life, id } = await left();
    for (const request of [deployRequest(shop), restart, down]) {
      assert.equal((await refusal(life.begins(request))).code, 'change.newer');
    }
    assert.equal((await refusal(life.agent.queue.cancel(id))).code, 'change.newer');
    assert.deepEqual(life.host.calls, []);
  });
});
