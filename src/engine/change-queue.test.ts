import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STACK } from '../../test/worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { type Change, isEnded } from '../model/change.ts';
import { type ErrorReport, Failure, isReported } from '../model/error.ts';
import type { PlanRequest } from './plan-request.ts';
import { retireWarm } from './retire.ts';

const web = { run: 'web', route: 'shop.localhost', health: { http: '/up' } };
const jobs = { install: { run: 'i', phase: 'build' }, migrate: { run: 'm', phase: 'before' } };
const shop: Written = { services: { web }, jobs, bake: '2s', warm: '10m' };
const restart: PlanRequest = { want: 'restart', stack: STACK, services: [] };

const deployed = async (): Promise<SimulatedLife> => {
  const life = new SimulatedLife();
  await life.deploys(shop, 'r1');
  life.agent.revision = 'r2';
  life.host.calls.length = 0;
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

/** Begins a deploy and lets it come to the effect. */
const deployUntil = async (life: SimulatedLife, effect: string): Promise<Change> => {
  const change = await life.begins(deployRequest(shop));
  await life.host.clock.runUntil(() => life.host.calls.includes(effect));
  return change;
};

const holdLock = (life: SimulatedLife): void => {
  const holder = { host: 'box', process: null };
  life.host.store.lock.acquire({
    stack: STACK,
    owner: 'export',
    task: 'dump',
    reason: 'nightly dump',
    holder,
  });
};

describe('a cancelled deploy', () => {
  const PHASES = {
    'its build job runs': 'run install',
    'its before job runs': 'run migrate',
    'its instances start': 'start web-1-green@2',
    'its traffic was moved': 'flags web.1=green',
    'it is verified': 'ask web',
  };
  for (const [when, effect] of Object.entries(PHASES)) {
    test(`leaves the old release serving and nothing of the new one when ${when}`, async () => {
      const life = await deployed();
      const before = life.snapshot() as { processes: unknown; site: unknown; green: unknown };
      const change = await deployUntil(life, effect);
      await life.agent.queue.cancel(change.id);
      const ended = await life.end(change);
      assert.equal(ended.state, 'cancelled');
      assert.equal(ended.error?.code, 'change.cancelled');
      assert.equal(ended.outcome, 'Release 1 still serves; release 2 was taken back');
      const after = life.snapshot() as typeof before;
      assert.deepEqual(
        [after.processes, after.site, after.green],
        [before.processes, before.site, before.green],
      );
      assert.equal(life.host.release(2).state, 'candidate', 'it is not to blame');
      assert.equal(life.host.release(2).stateReason, 'its deploy was cancelled');
      assert.deepEqual(life.flaws(), []);
    });
  }

  test('ends the job that runs', async () => {
    const life = await deployed();
    life.host.jobScripts.set('install', { ms: Infinity });
    const change = await deployUntil(life, 'run install');
    await life.agent.queue.cancel(change.id);
    await life.end(change);
    assert.ok(life.host.calls.includes('end install'));
    assert.deepEqual([...life.host.jobs.keys()], []);
  });

  test('lets held requests go when it is cancelled between the old copy and the new one', async () => {
    const life = new SimulatedLife();
    const recreate = { ...shop, services: { web: { ...web, deploy: 'recreate' } } };
    await life.deploys(recreate, 'r1');
    life.agent.revision = 'r2';
    const change = await life.begins(deployRequest(recreate));
    await life.host.clock.runUntil(() => life.host.calls.includes('start web-1-green@2'));
    await life.agent.queue.cancel(change.id);
    await life.end(change);
    assert.deepEqual(life.flaws(), []);
    assert.deepEqual([...life.host.processes.keys()], ['web-1-blue']);
  });

  test('is refused when it only tidies up, and goes on to its end', async () => {
    const life = await deployed();
    life.host.inFlight.set('web-1-blue', 100);
    const change = await deployUntil(life, 'watched web-1-green');
    await life.host.clock.runUntil(() => life.host.events.some(({ event }) => event === 'step.progressed'));
    await life.host.clock.runUntil(() => (life.host.inFlight.get('web-1-blue') ?? 0) < 90);
    const report = await refusal(life.agent.queue.cancel(change.id));
    assert.equal(report.code, 'change.past-cancel');
    assert.equal((await life.end(change)).state, 'done');
  });

  test('is refused when it has ended, and when there is no such change', async () => {
    const life = await deployed();
    assert.equal((await refusal(life.agent.queue.cancel(1))).code, 'change.ended');
    assert.equal((await refusal(life.agent.queue.cancel(99))).code, 'change.unknown');
  });
});

describe('a deploy that arrives while another runs', () => {
  test('waits for its turn, and is planned anew then', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const accepted = await life.agent.queue.submit(deployRequest(shop), 'bob');
    assert.ok(accepted.outcome === 'queued' && accepted.behind === first.id);
    assert.equal(accepted.change.state, 'queued');
    await life.end(first);
    const second = await life.end(accepted.change);
    assert.equal(second.outcome, 'Release 3 is live');
    assert.equal(second.plan.release.from, 2);
    assert.deepEqual(life.flaws(), []);
  });

  test('takes the place of the one that waited, and that one is told', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const second = await life.begins(deployRequest(shop));
    life.agent.revision = 'r4';
    const third = await life.begins(deployRequest(shop));
    assert.equal(life.change(second.id).state, 'superseded');
    assert.equal(life.change(second.id).outcome, `Change ${third.id} took its place in the queue`);
    const told = life.host.events.find(
      (event) => event.event === 'change.closed' && event.change === second.id,
    );
    assert.ok(told);
    await life.end(first);
    await life.end(third);
    assert.equal(life.host.release(3).revision.id.slice(0, 2), 'r4');
  });

  test('ends with nothing to do when the one before it brought the same', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    const second = await life.begins(deployRequest(shop));
    await life.end(first);
    const ended = await life.end(second);
    assert.equal(ended.state, 'done');
    assert.match(ended.outcome ?? '', /^Nothing to do: release 2 is live/);
  });

  test('is not lost when the agent dies with it in the queue', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const second = await life.begins(deployRequest(shop));
    assert.throws(() => life.agent.crash());
    await life.restartAgent();
    assert.equal(life.change(first.id).state, 'done');
    assert.equal(life.change(second.id).state, 'done');
    assert.equal(life.host.release(3).state, 'current');
    assert.deepEqual(life.flaws(), []);
  });

  test('can be cancelled before its turn, and never begins', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    const second = await life.begins(deployRequest(shop, { force: true }));
    await life.agent.queue.cancel(second.id);
    await life.end(first);
    assert.equal(life.change(second.id).state, 'cancelled');
    assert.equal(life.host.store.releases.get(STACK, 3), null);
  });

  test('waits on in the queue when somebody else has taken the lock in between', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    life.agent.revision = 'r3';
    const second = await life.begins(deployRequest(shop));
    life.host.onEvent = (event) => {
      if (event.event === 'lock.changed' && event.owner === 'free') holdLock(life);
    };
    await life.end(first);
    await life.host.clock.advance(3_000);
    assert.equal(life.change(second.id).state, 'queued');
    life.host.onEvent = () => {};
    life.host.store.lock.release(STACK, 'dump');
    assert.equal((await life.end(second)).outcome, 'Release 3 is live');
  });
});

describe('any other change that arrives while one runs', () => {
  test('is refused with the change that runs', async () => {
    const life = await deployed();
    const first = await life.begins(deployRequest(shop));
    const report = await refusal(life.begins(restart));
    assert.equal(report.code, 'change.running');
    assert.equal(report.exit, 2);
    assert.match(report.message, /change 2 runs \(Deploy release 2/);
    await life.end(first);
  });

  test('begins after it when it was told to wait', async () => {
    const life = await deployed();
    await life.begins(deployRequest(shop));
    const waiting = life.agent.queue.submit({ ...restart, waitMs: 60_000 }, 'ada');
    await life.host.clock.runUntil(() => life.host.store.journal.get(3) !== null);
    const accepted = await waiting;
    assert.ok(accepted.outcome === 'started');
    assert.equal((await life.end(accepted.change)).outcome, 'Restarted all services of release 2');
  });

  test('begins after it, without being told to wait, when the agent stops warm copies by itself', async () => {
    const life = await deployed();
    await life.does(deployRequest(shop));
    await life.host.clock.advance(600_001);
    await retireWarm(life.agent.hands, life.agent.queue);
    const asked = life.agent.queue.submit(restart, 'ada');
    await life.host.clock.runUntil(() => life.host.store.journal.get(4) !== null);
    const accepted = await asked;
    assert.ok(accepted.outcome === 'started');
    assert.equal(life.change(3).plan.kind, 'retire');
    assert.equal((await life.end(accepted.change)).outcome, 'Restarted all services of release 2');
  });

  test('gives up with exit code 4 when it waited in vain', async () => {
    const life = await deployed();
    life.host.gates.set('web@2', { ms: 20_000 });
    const first = await life.begins(deployRequest(shop));
    const waiting = refusal(life.agent.queue.submit({ ...restart, waitMs: 1_000 }, 'ada'));
    await life.host.clock.advance(2_000);
    const report = await waiting;
    assert.deepEqual([report.code, report.exit], ['lock.not-obtained', 4]);
    await life.end(first);
  });
});

describe('a change that finds the lock held by somebody else', () => {
  test('is refused before anything expensive, naming owner, task, reason and time', async () => {
    const life = await deployed();
    holdLock(life);
    life.agent.hands.source.resolve = () => assert.fail('the source was asked');
    const report = await refusal(life.begins(deployRequest(shop)));
    assert.deepEqual([report.code, report.exit, report.why], ['lock.held', 2, 'nightly dump']);
    assert.match(report.message, /"export" holds the lock for "dump" since 2026-01-01T/);
    assert.equal(life.host.store.journal.list({ stack: STACK, limit: 9 }).length, 1);
    assert.deepEqual(life.host.calls, []);
  });

  test('begins as soon as it is free when it was told to wait', async () => {
    const life = await deployed();
    holdLock(life);
    const waiting = life.agent.queue.submit({ ...deployRequest(shop), waitMs: 10_000 }, 'ada');
    await life.host.clock.advance(3_000);
    life.host.store.lock.release(STACK, 'dump');
    await life.host.clock.runUntil(() => life.host.store.journal.get(2) !== null);
    const accepted = await waiting;
    assert.ok(accepted.outcome === 'started');
    await life.end(accepted.change);
  });

  test('gives up with exit code 4 when it does not become free in time', async () => {
    const life = await deployed();
    holdLock(life);
    const waiting = refusal(life.agent.queue.submit({ ...restart, waitMs: 1_000 }, 'ada'));
    await life.host.clock.advance(2_000);
    const report = await waiting;
    assert.deepEqual([report.code, report.exit], ['lock.not-obtained', 4]);
  });
});

describe('the lock', () => {
  test('is free again when there was nothing to do, and when planning was refused', async () => {
    const life = await deployed();
    life.agent.revision = 'r1';
    const accepted = await life.agent.queue.submit(deployRequest(shop), 'ada');
    assert.equal(accepted.outcome, 'nothing');
    assert.equal(life.host.store.lock.read(STACK).owner, 'free');
    await refusal(life.begins({ want: 'job', stack: STACK, job: 'nothing' }));
    assert.equal(life.host.store.lock.read(STACK).owner, 'free');
    assert.equal(life.host.store.journal.list({ stack: STACK, limit: 9 }).length, 1);
  });

  test('stops every effect when it is taken away in the middle, and the error says what stands', async () => {
    const life = await deployed();
    const change = await deployUntil(life, 'start web-1-green@2');
    life.host.store.lock.release(STACK, `change-${change.id}`);
    holdLock(life);
    life.host.calls.length = 0;
    const ended = await life.end(change);
    assert.equal(ended.state, 'failed');
    assert.equal(ended.error?.code, 'lock.lost');
    assert.match(ended.error?.message ?? '', /"export" \(dump\) has it/);
    assert.deepEqual(life.host.calls, ['gate web-1-green']);
    assert.deepEqual(ended.error?.undone, []);
    assert.ok(ended.error?.notUndone?.includes('Start web of release 2 in green'));
    assert.equal(life.host.store.lock.read(STACK).owner, 'export', 'the lock of somebody else is left alone');
  });
});

describe('the end of a change', () => {
  test('marks a release bad with the reason when its gate refused it, and brings the log', async () => {
    const life = await deployed();
    life.host.gates.set('web@2', { refuses: 'no answer on /up within 30 s' });
    const ended = await life.does(deployRequest(shop));
    assert.equal(life.host.release(2).state, 'bad');
    assert.match(life.host.release(2).stateReason ?? '', /no answer on \/up/);
    assert.deepEqual(ended.error?.log, ['last words']);
    assert.deepEqual(ended.error?.undone, [
      'web.1 of release 2 was stopped',
      'the folder of release 2 was removed',
    ]);
    assert.equal(ended.error?.exit, 1);
  });

  test('marks a release bad when its before job failed, with exit code and last lines', async () => {
    const life = await deployed();
    life.host.jobScripts.set('migrate', { exit: 3 });
    const ended = await life.does(deployRequest(shop));
    assert.equal(ended.error?.code, 'job.failed');
    assert.match(ended.error?.message ?? '', /exit code 3/);
    assert.deepEqual(ended.error?.log, ['last words of job-2-migrate', 'last words of job-2-migrate']);
    assert.equal(life.host.release(2).state, 'bad');
  });

  test('does not blame the release when the disk was full', async () => {
    const life = await deployed();
    life.host.hook = (effect, when) => {
      if (effect === 'place 2' && when === 'before')
        throw new Failure('store.full', 'Cannot write: the disk is full');
    };
    await life.does(deployRequest(shop));
    assert.equal(life.host.release(2).state, 'candidate');
  });

  test('names what could not be undone, and undoes the rest', async () => {
    const life = await deployed();
    life.host.gates.set('web@2', { refuses: 'no answer' });
    life.host.hook = (effect, when) => {
      if (effect === 'stop web-1-green' && when === 'before') {
        throw new Failure('instance.not-stopped', 'Cannot stop "web": it is still there');
      }
    };
    const ended = await life.does(deployRequest(shop));
    assert.deepEqual(ended.error?.notUndone, [
      'Start web of release 2 in green: Cannot stop "web": it is still there',
    ]);
    assert.deepEqual(ended.error?.undone, ['the folder of release 2 was removed']);
  });

  test('tells of a bake that found errors at the edge', async () => {
    const life = await deployed();
    life.host.bakes.set(2, '30 of 100 requests were answered with an error');
    const ended = await life.does(deployRequest(shop));
    assert.equal(ended.error?.code, 'bake.bad');
    assert.equal(life.host.release(2).state, 'bad');
    assert.equal(life.host.release(1).state, 'current');
  });

  test('leaves a bad release serving when the one before it was bad too: nothing reverts a revert', async () => {
    const life = await deployed();
    life.host.store.releases.setState(STACK, 1, 'current', 'it turned bad while it was watched');
    life.host.bakes.set(2, 'web.1 ended');
    const ended = await life.does(deployRequest(shop));
    assert.equal(ended.state, 'failed');
    assert.match(ended.outcome ?? '', /^Release 2 stays live though it turned bad: release 1 was bad too/);
    assert.equal(life.host.release(1).state, 'bad');
    assert.equal(life.host.release(2).state, 'current');
    assert.match(life.host.release(2).stateReason ?? '', /web\.1 ended/);
    assert.deepEqual(life.flaws(), []);
  });

  test('publishes what is on disk: opened, every record, closed', async () => {
    const life = await deployed();
    const change = await life.does(deployRequest(shop));
    const own = life.host.events.filter((event) => 'change' in event && event.change === change.id);
    assert.equal(own[0]?.event, 'change.opened');
    assert.equal(own.at(-1)?.event, 'change.closed');
    const records = own.flatMap((event) => (event.event === 'step.recorded' ? [event.record] : []));
    assert.deepEqual(records, change.records);
  });
});

test('a stack that was taken down is on the list of stacks again when it is started', async () => {
  const life = await deployed();
  await life.does({ want: 'down', stack: STACK, purge: false });
  assert.equal(life.host.store.stacks.get(STACK), null);
  await life.does({ want: 'start', stack: STACK, services: [] });
  assert.equal(life.host.store.stacks.get(STACK)?.name, STACK);
  assert.deepEqual(life.flaws(), []);
});

describe('warm copies', () => {
  test('are stopped when their time is over, and not before', async () => {
    const life = await deployed();
    await life.does(deployRequest(shop));
    const { hands, queue } = life.agent;
    await retireWarm(hands, queue);
    assert.equal(life.host.processes.size, 2);
    await life.host.clock.advance(600_001);
    await retireWarm(hands, queue);
    await life.host.clock.runUntil(() => life.host.processes.size === 1);
    await queue.idle(STACK);
    assert.deepEqual(life.flaws(), []);
    assert.ok(isEnded(life.change(3).state));
  });

  test('are left for later when the lock is held', async () => {
    const life = await deployed();
    await life.does(deployRequest(shop));
    await life.host.clock.advance(600_001);
    holdLock(life);
    await retireWarm(life.agent.hands, life.agent.queue);
    assert.equal(life.host.processes.size, 2);
    assert.deepEqual(life.host.problems, []);
  });
});
