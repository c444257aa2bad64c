// The agent is killed at every journal record and around every effect; the next one brings the change to the same end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SimulatedAgent } from '../../test/worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import type { Change } from '../model/change.ts';
import type { PlanRequest } from './plan-request.ts';

const health = { http: '/up' };
const services = {
  web: { run: 'web', route: 'shop.localhost', health, depends_on: ['api'] },
  api: { run: 'api', route: 'shop.localhost/api', health, deploy: 'rolling', replicas: 2 },
  db: { run: 'db', route: 'db.localhost', health, deploy: 'recreate' },
  worker: { run: 'work' },
};
const jobs = {
  install: { run: 'i', phase: 'build' },
  migrate: { run: 'm', phase: 'before' },
  notify: { run: 'n', phase: 'after' },
};
const shop: Written = { services, jobs, bake: '2s', warm: '10m', retention: { releases: 1 } };

type Story = {
  readonly given: (life: SimulatedLife) => Promise<unknown>;
  readonly when: PlanRequest;
  /** How the change ends, crash or not. */
  readonly end: 'done' | 'failed';
};

const twice = async (life: SimulatedLife): Promise<void> => {
  await life.deploys(shop, 'r1');
  await life.deploys(shop, 'r2');
  life.agent.revision = 'r3';
};

const STORIES: Readonly<Record<string, Story>> = {
  'a first deploy': { given: async () => {}, when: deployRequest(shop), end: 'done' },
  'a third deploy': { given: twice, when: deployRequest(shop), end: 'done' },
  'a rollback': { given: twice, when: { want: 'rollback', stack: 'shop', release: null }, end: 'done' },
  'a restart': { given: twice, when: { want: 'restart', stack: 'shop', services: [] }, end: 'done' },
  'scaling up': {
    given: twice,
    when: { want: 'scale', stack: 'shop', service: 'web', replicas: 2 },
    end: 'done',
  },
  'a stop': { given: twice, when: { want: 'stop', stack: 'shop', services: ['web', 'worker'] }, end: 'done' },
  'taking it down': { given: twice, when: { want: 'down', stack: 'shop', purge: true }, end: 'done' },
  'a deploy that its last gate refuses': {
    given: async (life) => {
      await twice(life);
      life.host.gates.set('db@3', { refuses: 'no answer' });
    },
    when: deployRequest(shop),
    end: 'failed',
  },
  'a deploy that turns bad': {
    given: async (life) => {
      await twice(life);
      life.host.bakes.set(3, 'web.1 ended');
    },
    when: deployRequest(shop),
    end: 'failed',
  },
};

/** Kills the agent when the `nth` of these points is reached; the number of points in all is told at the end. */
const killAt = (life: SimulatedLife, kind: 'record' | 'effect', nth: number): { points: number } => {
  const seen = { points: 0 };
  const agent: SimulatedAgent = life.agent;
  const point = (): void => {
    if (agent.isDead) return;
    seen.points += 1;
    if (seen.points === nth) agent.crash();
  };
  if (kind === 'record') life.host.journalHook = point;
  else life.host.hook = point;
  return seen;
};

const live = async (story: Story, kind: 'record' | 'effect', nth: number) => {
  const life = new SimulatedLife();
  await story.given(life);
  const seen = killAt(life, kind, nth);
  const begun = await life.begins(story.when);
  const agent = life.agent;
  await life.host.clock.runUntil(() => agent.isDead || life.change(begun.id).closedAt !== null);
  const wasKilled = agent.isDead;
  if (wasKilled) await life.restartAgent();
  return { life, change: life.change(begun.id), points: seen.points, wasKilled };
};

const assertSame = (now: SimulatedLife, change: Change, expected: unknown, end: string): void => {
  assert.equal(change.state, end, JSON.stringify(change.error));
  assert.deepEqual(now.flaws(), []);
  assert.deepEqual(now.snapshot(), expected);
  assert.deepEqual(now.host.problems, []);
};

describe('an agent that is killed', () => {
  for (const [title, story] of Object.entries(STORIES)) {
    for (const kind of ['record', 'effect'] as const) {
      test(`at any ${kind} of ${title} is followed by one that brings it to the same end`, async () => {
        const whole = await live(story, kind, 0);
        assert.equal(whole.change.state, story.end, JSON.stringify(whole.change.error));
        const expected = whole.life.snapshot();
        assert.ok(whole.points > 0, 'there was something to kill it at');
        for (let nth = 1; nth <= whole.points; nth += 1) {
          const { life, change, wasKilled } = await live(story, kind, nth);
          assert.ok(wasKilled, `killed at ${nth}`);
          try {
            assertSame(life, change, expected, story.end);
            assert.match(change.outcome ?? '', /\(resumed after the agent was restarted\)$/);
          } catch (error) {
            const text = change.records.map(({ step, event, words }) => `${step} ${event} ${words ?? ''}`);
            throw new Error(`killed at ${kind} ${nth}\n${text.join('\n')}\n${(error as Error).message}`, {
              cause: error,
            });
          }
        }
      });
    }
  }
});

describe('a resumed change', () => {
  const once = async (): Promise<SimulatedLife> => {
    const life = new SimulatedLife();
    await life.deploys(shop, 'r1');
    life.agent.revision = 'r2';
    return life;
  };

  test('does not run a job again that ended while nobody watched', async () => {
    const life = await once();
    life.host.jobScripts.set('migrate', { ms: 500 });
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'run migrate' && when === 'after') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    await life.host.clock.advance(1000);
    life.host.calls.length = 0;
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'done');
    assert.ok(!life.host.calls.includes('run migrate'));
  });

  test('fails and is undone when a job is gone and nobody saw how it ended', async () => {
    const life = await once();
    life.host.jobScripts.set('migrate', { ms: Infinity });
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'run migrate' && when === 'after') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    for (const [id, fact] of life.host.jobs) life.host.jobs.set(id, { ...fact, state: 'lost' });
    await life.restartAgent();
    assert.equal(life.change(change.id).error?.code, 'job.lost');
    assert.equal(life.host.release(2).state, 'candidate');
    assert.deepEqual(life.flaws(), []);
  });

  test('is undone when its cancel was asked for before the agent died', async () => {
    const life = await once();
    const { agent } = life;
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    life.host.store.journal.requestCancel(change.id);
    assert.throws(() => agent.crash());
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'cancelled');
    assert.equal(life.change(change.id).error?.code, 'change.cancelled');
    assert.deepEqual(life.flaws(), []);
    assert.ok(!life.host.folders.has(2));
  });

  test('waits for the lock when somebody took it over meanwhile', async () => {
    const life = await once();
    const { agent } = life;
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    assert.throws(() => agent.crash());
    const request = {
      stack: 'shop',
      owner: 'export',
      task: 'dump',
      reason: 'nightly',
      holder: { host: 'box', process: null },
    };
    assert.equal(life.host.store.lock.acquire(request).outcome, 'taken-over');
    life.agent = life.host.agent('r2');
    life.agent.queue.resume();
    life.host.calls.length = 0;
    await life.host.clock.advance(5_000);
    assert.deepEqual(life.host.calls, []);
    await assert.rejects(life.begins({ want: 'restart', stack: 'shop', services: [] }), {
      message: /change 2 runs/,
    });
    life.host.store.lock.release('shop', 'dump');
    await life.end(change);
    assert.equal(life.change(change.id).state, 'done');
  });

  test('is left for the next agent when this one stops, and has the lock until then', async () => {
    const life = await once();
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    await life.agent.queue.suspend();
    assert.equal(life.change(change.id).state, 'running');
    assert.equal(life.host.store.lock.read('shop').task, `change-${change.id}`);
    life.host.died(life.agent.process.pid);
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'done');
    assert.deepEqual(life.flaws(), []);
  });

  test('goes on when the journal can be written again after the disk was full', async () => {
    const life = await once();
    let left = 3;
    life.host.journalHook = (record, when) => {
      if (when === 'before' && record.endsWith('done') && left-- > 0) throw new Error('disk full');
    };
    const change = await life.does(deployRequest(shop));
    assert.equal(change.state, 'done');
    assert.equal(life.host.problems.length, 3);
    assert.deepEqual(life.flaws(), []);
  });
});
