// The real agent is killed right before and right after each write to its database, in every kind of plan and on its way
// back; the next agent brings the change to the end that it would have had, and nobody who asks the route notices.
// A sample of the points by default, `SEED=n` for another one; every journal record in `npm run proof`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LoadReport, startLoad } from '../../scripts/demo/load.ts';
import type { WishedFor } from '../../src/api/wire.ts';
import { isAgentLost } from '../../src/client/lost-agent.ts';
import { type Change, type ChangeState, isEnded } from '../../src/model/change.ts';
import type { StepKind } from '../../src/model/plan.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { crashStack } from '../worlds/crash-stack.ts';
import {
  askRoute,
  type CrashStage,
  describeChange,
  openCrashStage,
  processesOfStack,
} from '../worlds/crash-stage.ts';
import type { CrashPoint } from '../worlds/crash-writes.ts';
import { isWholeProof, writeProof } from '../worlds/proof-report.ts';
import { seededRandom } from '../worlds/seeded-random.ts';

const SEED = Number(process.env.SEED ?? 1);
const ONLY = process.env.STORY;
/** Per story, of about a hundred. */
const SAMPLE = Number(process.env.SAMPLE ?? 2);

/** Share of deaths after which the next agent dies as well. */
const AGAIN = 1 / 3;
/** Of a whole sweep. */
const TEST_MS = 3_600_000;

/** A change, and what the world is like before and after it. */
type Story = {
  readonly prepare?: (stage: CrashStage) => Promise<unknown>;
  readonly wish: (stage: CrashStage) => WishedFor;
  /** Cancelled when this kind of step has begun: the points are counted from there. */
  readonly cancelAt?: StepKind;
  readonly ends: ChangeState;
  /** Whether clients are promised an answer from the release before or after, all the time. */
  readonly isServed: boolean;
  /** The new release answers with errors as long as it has the traffic. */
  readonly isFaulty?: boolean;
  readonly leaves: 'a release' | 'the maintenance page' | 'nothing';
};

const served = { ends: 'done', isServed: true, leaves: 'a release' } as const;

const deploy: Story = { ...served, wish: (stage) => stage.deployNext() };

const deployOf = (mode: string, ends: ChangeState, cancelAt?: StepKind): Story => ({
  ...served,
  prepare: async (stage) => stage.write('mode.txt', mode),
  wish: (stage) => stage.deployNext(),
  ends,
  ...(cancelAt ? { cancelAt } : {}),
});

const of =
  (want: 'restart' | 'start' | 'stop') =>
  ({ name }: CrashStage): WishedFor => ({ want, stack: name, services: [] });
const scaleTo =
  (replicas: number) =>
  ({ name }: CrashStage): WishedFor => ({ want: 'scale', stack: name, service: 'web', replicas });
const rollback = ({ name }: CrashStage): WishedFor => ({ want: 'rollback', stack: name, release: null });
const down =
  (purge: boolean) =>
  ({ name }: CrashStage): WishedFor => ({ want: 'down', stack: name, purge });

const WAYS_BACK: Readonly<Record<string, Story>> = {
  'a deploy that its gate refuses': deployOf('refuses', 'failed'),
  'a deploy that turns bad': { ...deployOf('turns-bad', 'failed'), isFaulty: true },
  'a deploy that is cancelled at its gate': deployOf('never-ready', 'cancelled', 'pass-gate'),
};

const PLANS: readonly {
  readonly name: string;
  readonly web: string;
  readonly stories: Record<string, Story>;
}[] = [
  {
    name: 'swap',
    web: '    deploy: swap',
    stories: {
      'a deploy': deploy,
      'a rollback to a warm release': { ...served, wish: rollback },
      ...WAYS_BACK,
    },
  },
  {
    name: 'swapped-by-hand',
    web: '    deploy: swap',
    stories: {
      'scaling up': { ...served, prepare: (stage) => stage.make(scaleTo(1)(stage)), wish: scaleTo(2) },
      'scaling down': { ...served, prepare: (stage) => stage.make(scaleTo(2)(stage)), wish: scaleTo(1) },
      'a restart': { ...served, wish: of('restart') },
      'a job': { ...served, wish: ({ name }) => ({ want: 'job', stack: name, job: 'report' }) },
      'a stop': { ...served, wish: of('stop'), isServed: false, leaves: 'the maintenance page' },
      'a start': {
        ...served,
        prepare: (stage) => stage.make(of('stop')(stage)),
        wish: of('start'),
        isServed: false,
      },
      'taking it down': { ...served, wish: down(false), isServed: false, leaves: 'nothing' },
      'taking it down with all it had': { ...served, wish: down(true), isServed: false, leaves: 'nothing' },
      'a first deploy': {
        ...deploy,
        prepare: (stage) => stage.make(down(false)(stage)),
        isServed: false,
      },
    },
  },
  {
    name: 'recreate',
    web: '    deploy: recreate',
    stories: {
      'a deploy': deploy,
      'a restart': { ...served, wish: of('restart') },
      ...WAYS_BACK,
    },
  },
  {
    name: 'rolling',
    web: '    deploy: rolling\n    replicas: 2',
    stories: {
      'a deploy': deploy,
      'a rollback': { ...served, wish: rollback },
      'a deploy that the gate of its second replica refuses': deployOf('refuses-in-2', 'failed'),
      'a deploy that turns bad': { ...deployOf('turns-bad', 'failed'), isFaulty: true },
    },
  },
];

const swept: {
  readonly plan: string;
  readonly story: string;
  readonly points: number;
  readonly kills: number;
}[] = [];

describe('an agent that is killed', { concurrency: 4 }, () => {
  after(() => writeProof('agent-sweep', { stories: swept }));

  for (const { name, web, stories } of PLANS) {
    describe(name, { concurrency: 1 }, () => {
      let stage: CrashStage;
      const random = seededRandom(SEED);

      before(async () => {
        stage = await openCrashStage({ stack: name, files: crashStack(name, web) });
        await stage.ensureAgent();
        await stage.make(stage.deployNext());
        await stage.make(stage.deployNext());
      });

      after(() => stage.close());

      for (const [title, story] of Object.entries(stories)) {
        if (ONLY && !`${name}: ${title}`.includes(ONLY)) continue;
        test(
          `at any write of ${title} is followed by one that brings it to its end`,
          { timeout: TEST_MS },
          async (t) => {
            const whole = await live(stage, story, []);
            let killed = 0;
            const failures: string[] = [];
            for (const death of chooseDeaths(whole.writes, story, random)) {
              const words = death.map(({ side, write }) => `${side} write ${write}`).join(', and again ');
              const label = `killed ${words} of ${whole.writes.length}: ${whole.writes[death[0]!.write - 1]}`;
              try {
                const { wasKilled } = await live(stage, story, death);
                if (wasKilled) killed += 1;
                t.diagnostic(wasKilled ? label : `not ${label}: it was over before`);
              } catch (error) {
                failures.push(`${label}\n${error instanceof Error ? error.message : String(error)}`);
                // One that can be deployed over is left behind; otherwise there is nothing more to learn here.
                await stage.make(stage.deployNext());
              }
            }
            swept.push({ plan: name, story: title, points: whole.writes.length, kills: killed });
            assert.equal(failures.length, 0, failures.join('\n\n'));
            assert.ok(killed > 0);
          },
        );
      }
    });
  }
});

/** One death, or two of which the second comes while the change is being resumed. */
type Death = readonly CrashPoint[];

const chooseDeaths = (writes: readonly string[], story: Story, random: () => number): readonly Death[] => {
  const from = fromOf(story);
  const isRecord = (label: string): boolean => label.startsWith('insert records');
  const points = writes.flatMap((label, at): (CrashPoint & { readonly isRecord: boolean })[] => [
    // Only an end has an effect right before it, that was not written down yet; and before the first was nothing.
    ...(at > 0 && isRecord(label) && /done|failed|undone/.test(label)
      ? [{ from, write: at + 1, side: 'before' as const, isRecord: true }]
      : []),
    { from, write: at + 1, side: 'after', isRecord: isRecord(label) },
  ]);
  const pick = (most: number): number => Math.floor(random() * most);
  const sampleOf = <T>(all: T[]): T[] =>
    Array.from({ length: Math.min(SAMPLE, all.length) }, () => all.splice(pick(all.length), 1)).flat();
  const chosen = isWholeProof
    ? [...points.filter((point) => point.isRecord), ...sampleOf(points.filter((point) => !point.isRecord))]
    : sampleOf(points);
  return chosen.map(({ isRecord: _isRecord, ...point }) => {
    const again: CrashPoint = { from: '', write: 1 + pick(writes.length - point.write + 1), side: 'after' };
    return random() < AGAIN ? [point, again] : [point];
  });
};

const fromOf = ({ cancelAt }: Story): string => (cancelAt ? 'update changes cancel' : 'insert changes');

/** One change with one death in it, or none, and everything that has to hold afterwards. */
const live = async (stage: CrashStage, story: Story, death: Death): Promise<Lived> => {
  await story.prepare?.(stage);
  const { release } = await stage.status();
  const [lived, traffic] = await underLoad(stage, () => change(stage, story, death));
  try {
    if (story.isServed) {
      const { requests, dropped, errors, reasons } = traffic;
      assert.ok(requests > 0);
      const expected = { dropped: 0, ...(story.isFaulty ? { errors, reasons } : { errors: 0, reasons: [] }) };
      assert.deepEqual({ dropped, errors, reasons }, expected);
    }
    assert.equal(lived.change.state, story.ends);
    if (lived.wasResumed) assert.match(lived.change.outcome ?? '', /resumed after the agent was restarted/);
    await assertWhole(stage, lived.change, story, release?.id ?? null);
    const next = await stage.make(stage.deployNext());
    assert.ok(next);
    await assertWhole(stage, next, deploy, null);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${describeChange(lived.change)}`, { cause: error });
  }
  return lived;
};

const underLoad = async <T>(stage: CrashStage, work: () => Promise<T>): Promise<readonly [T, LoadReport]> => {
  const load = startLoad({ port: stage.edgePort, host: `${stage.name}.localhost`, clients: 4 });
  try {
    const done = await work();
    return [done, await load.stop()];
  } finally {
    await load.stop();
    stage.order(null);
    stage.write('mode.txt', 'good');
  }
};

type Lived = {
  readonly change: Change;
  readonly writes: readonly string[];
  readonly wasKilled: boolean;
  /** The agent that began it did not come to its end. */
  readonly wasResumed: boolean;
};

const change = async (stage: CrashStage, story: Story, death: Death): Promise<Lived> => {
  const [last] = await stage.client.call('listChanges', { query: { limit: 1 } });
  const pid = await stage.agentPid();
  const [point, again] = death;
  let wasKilled = false;
  stage.order(point ?? { from: fromOf(story), write: Number.MAX_SAFE_INTEGER, side: 'after' });
  const begun = await stage.submit(story.wish(stage));
  const id = begun?.id ?? (last?.id ?? 0) + 1;
  if (story.cancelAt && begun) await cancel(stage, id, story.cancelAt);
  if (point) {
    // What there is to do can be less than it was the first time.
    await eventually('the agent dies, or it is over', () => !isRunning(pid) || isOver(stage, id), 60_000);
    wasKilled = !isRunning(pid);
    stage.order(wasKilled ? (again ?? null) : null);
  }
  const ended = await stage.ended(id);
  stage.order(null);
  await stage.ensureAgent();
  const writes = stage.takeWrites();
  const done = point?.side === 'before' ? writes.slice(0, -1) : writes;
  const wasClosed = done.some((label) => label.startsWith(`update changes ${story.ends}`));
  return { change: ended, writes, wasKilled, wasResumed: wasKilled && !wasClosed };
};

const isOver = async (stage: CrashStage, id: number): Promise<boolean> => {
  try {
    return isEnded((await stage.client.call('showChange', { params: { id } })).state);
  } catch (error) {
    if (isAgentLost(error)) return false;
    throw error;
  }
};

const cancel = async (stage: CrashStage, id: number, at: StepKind): Promise<void> => {
  await eventually(`the change is at ${at}`, async () => {
    const change = await stage.client.call('showChange', { params: { id } });
    const step = change.plan.steps.find((each) => each.id === change.records.at(-1)?.step);
    return step?.kind === at && change.records.at(-1)?.event === 'intent';
  });
  await stage.client.call('cancelChange', { params: { id } }).catch((error: unknown) => {
    if (!isAgentLost(error)) throw error;
  });
};

/** Nothing half done: what should serve serves, what should run runs once, and nobody holds the lock. */
const assertWhole = async (
  stage: CrashStage,
  change: Change,
  { leaves }: Story,
  before: number | null,
): Promise<void> => {
  const { to } = change.plan.release;
  const live = change.state === 'done' ? (to ?? before) : before;
  const lock = await stage.client.call('readLock', { params: { stack: stage.name } });
  assert.equal(lock.owner, 'free');
  const status = (await stage.client.call('listStacks')).find(({ stack }) => stack === stage.name);
  if (leaves === 'a release') {
    assert.equal(status?.release?.id, live);
    await assertServing(stage, live);
  } else {
    assert.equal(await answerOf(stage), leaves === 'nothing' ? 'nobody' : '503');
  }
  assert.equal(status?.change ?? null, null);
  const file = leaves === 'nothing' ? undefined : join(stage.stackFolder, 'reeve.yaml');
  assert.equal(status?.file, file, 'the agent knows the stack, and where it came from');
  const meant = (status?.services ?? []).flatMap(({ instances }) => instances.map(({ id }) => id));
  assert.deepEqual(
    processesOfStack(stage),
    meant.flatMap((id) => [`${id} program`, `${id} shim`]).toSorted(),
    'one process of each copy, and no other',
  );
};

const answerOf = (stage: CrashStage): Promise<string> =>
  askRoute(stage).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return 'nobody';
    throw error;
  });

/** Every copy is healthy, and every one that should have traffic gets some. */
const assertServing = async (stage: CrashStage, release: number | null): Promise<void> => {
  const serving = await eventually('every copy is healthy', async () => {
    const { services } = await stage.status();
    const isWhole = services.every(
      ({ instances, replicas }) =>
        instances.filter(({ warmUntil }) => warmUntil === null).length === replicas &&
        instances.every(({ health, activity }) => health === 'healthy' && activity === 'running'),
    );
    const web = services.find(({ service }) => service === 'web');
    return isWhole ? (web?.instances.filter(({ warmUntil }) => warmUntil === null) ?? []) : null;
  });
  const expected = serving.map(({ id }) => `release ${release} from ${id}`).toSorted();
  const heard = new Set<string>();
  await eventually(`${expected.join(' and ')} answer`, async () => {
    heard.add(await askRoute(stage));
    return heard.size >= expected.length;
  });
  assert.deepEqual([...heard].toSorted(), expected);
};
