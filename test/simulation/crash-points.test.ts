// The agent is killed at every journal record and around every effect; the next one brings the change to the same end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SimulatedAgent } from '../worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../worlds/simulated-life.ts';
import type { Change } from '../../src/model/change.ts';
import type { PlanRequest } from '../../src/engine/plan-request.ts';

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
