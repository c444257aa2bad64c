// Answers an agent might give, for tests of what people see: one stack with a routed service, two workers, a bad release.
import type { ReleaseLine, StackStatus } from '../../src/api/wire.ts';
import type { Change, StepRecord } from '../../src/model/change.ts';
import type { LockRecord } from '../../src/model/lock.ts';
import type { Plan, Step } from '../../src/model/plan.ts';

/** 2026-01-31T12:00:00Z, and every other time counts from it. */
export const NOON = Date.UTC(2026, 0, 31, 12);

type Instance = StackStatus['services'][number]['instances'][number];

export const anInstance = (parts: Partial<Instance> = {}): Instance => ({
  id: 'web-1-blue',
  service: 'web',
  slot: 1,
  seat: 'blue',
  release: 12,
  activity: 'running',
  health: 'healthy',
  words: '200 in 3 ms',
  pid: 4711,
  port: 20_001,
  startedAt: NOON - 3 * 3_600_000,
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  rssBytes: 84_000_000,
  cpuShare: 0.012,
  hasTraffic: true,
  warmUntil: null,
  ...parts,
});

export const freeLock: LockRecord = {
  stack: 'shop',
  owner: 'free',
  task: '',
  reason: '',
  acquiredAt: 0,
  holder: null,
  fencing: 3,
  takenOverFrom: null,
};

export const aStackStatus = (parts: Partial<StackStatus> = {}): StackStatus => ({
  stack: 'shop',
  file: '/srv/shop/reeve.yaml',
  isDown: false,
  release: {
    id: 12,
    state: 'current',
    revision: '4f2a91c0',
    summary: 'Fix the footer',
    createdAt: NOON - 3 * 3_600_000,
  },
  change: null,
  lock: freeLock,
  services: [
    {
      service: 'web',
      strategy: 'swap',
      health: 'healthy',
      isStopped: false,
      replicas: 2,
      addresses: ['http://shop.localhost:7080/'],
      instances: [
        anInstance(),
        anInstance({ id: 'web-2-blue', slot: 2, port: 20_003, pid: 4712, words: '200 in 5 ms' }),
        anInstance({
          id: 'web-1-green',
          seat: 'green',
          release: 11,
          port: 20_002,
          pid: 4690,
          hasTraffic: false,
          warmUntil: NOON + 4 * 60_000,
        }),
      ],
    },
    {
      service: 'worker',
      strategy: 'recreate',
      health: 'degraded',
      isStopped: false,
      replicas: 1,
      addresses: [],
      instances: [
        anInstance({
          id: 'worker-1-blue',
          service: 'worker',
          health: 'degraded',
          words: 'queue is 1,204 jobs behind, catching up',
          pid: 4720,
          port: null,
          rssBytes: 1_204_000_000,
          cpuShare: 1.8,
          restarts: 2,
        }),
      ],
    },
    {
      service: 'mailer',
      strategy: 'swap',
      health: 'unhealthy',
      isStopped: false,
      replicas: 1,
      addresses: [],
      instances: [
        anInstance({
          id: 'mailer-1-blue',
          service: 'mailer',
          activity: 'crash-looping',
          health: 'unhealthy',
          words: 'exit code 1 after 0.2 s',
          pid: null,
          port: null,
          startedAt: NOON - 9_000,
          restarts: 14,
          nextStartAt: NOON + 12_000,
          rssBytes: null,
          cpuShare: null,
        }),
      ],
    },
    {
      service: 'cron',
      strategy: 'swap',
      health: 'unknown',
      isStopped: true,
      replicas: 1,
      addresses: [],
      instances: [],
    },
  ],
  ...parts,
});

const WEB = [{ service: 'web', slot: 1, seat: 'green' }] as const;

const STEPS: readonly Step[] = [
  {
    id: 1,
    kind: 'place-release',
    phase: 'prepare',
    sentence: 'Place release 13 (a1b2c3d Fix the header)',
    args: {} as never,
  },
  {
    id: 2,
    kind: 'start-instances',
    phase: 'prove',
    sentence: 'Start web-1-green of release 13',
    args: { release: 13, places: WEB },
  },
  {
    id: 3,
    kind: 'pass-gate',
    phase: 'prove',
    sentence: 'Wait until web-1-green is healthy',
    args: { release: 13, service: 'web', places: WEB },
  },
  {
    id: 4,
    kind: 'switch-routes',
    phase: 'cut-over',
    sentence: 'Move the traffic of web to green',
    args: {
      flags: { seats: { 'web.1': 'green' }, held: [], maintenance: [] },
      previous: { seats: {}, held: [], maintenance: [] },
    },
  },
  {
    id: 5,
    kind: 'bake',
    phase: 'bake',
    sentence: 'Watch release 13 for 10 s',
    args: { release: 13, previous: 12, places: WEB, forMs: 10_000 },
  },
  {
    id: 6,
    kind: 'keep-warm',
    phase: 'finish',
    sentence: 'Keep web-1-blue warm for 10 min',
    args: { places: [], forMs: 600_000 },
  },
];

export const aPlan = (parts: Partial<Plan> = {}): Plan => ({
  version: 1,
  kind: 'deploy',
  stack: 'shop',
  release: { to: 13, from: 12 },
  sentence: 'Deploy release 13 (a1b2c3d Fix the header) over release 12',
  steps: STEPS,
  notes: [],
  ...parts,
});

export const aChange = (parts: Partial<Change> = {}): Change => ({
  id: 7,
  stack: 'shop',
  state: 'running',
  plan: aPlan(),
  by: 'ada',
  openedAt: NOON,
  closedAt: null,
  cancelRequested: false,
  fencing: 4,
  records: [],
  error: null,
  outcome: null,
  ...parts,
});

/** Records from `[step, event, milliseconds after the opening, words]`, counted as the journal does. */
export const recordsOf = (
  ...rows: readonly (readonly [step: number, event: StepRecord['event'], afterMs: number, words?: string])[]
): StepRecord[] =>
  rows.map(([step, event, afterMs, words], at) => ({
    seq: at + 1,
    step,
    event,
    at: NOON + afterMs,
    words: words ?? null,
  }));

/** Every record of the plan above when all goes well: 1.9 s of gate, 4 ms of cut-over, 10 s of bake. */
export const GOOD_RECORDS = recordsOf(
  [1, 'intent', 0],
  [1, 'done', 312, '214 files'],
  [2, 'intent', 313],
  [2, 'done', 393],
  [3, 'intent', 394],
  [3, 'done', 2294, '200 in 3 ms'],
  [4, 'intent', 2295],
  [4, 'done', 2299],
  [5, 'intent', 2300],
  [5, 'done', 12_300],
  [6, 'intent', 12_301],
  [6, 'done', 12_303],
);

export const aDoneChange = (parts: Partial<Change> = {}): Change =>
  aChange({
    state: 'done',
    records: GOOD_RECORDS,
    closedAt: NOON + 12_304,
    outcome: 'Release 13 is live',
    ...parts,
  });

export const RELEASES: readonly ReleaseLine[] = [
  {
    id: 13,
    state: 'bad',
    reason: 'web-1-green answered 503 for 30 s',
    revision: 'a1b2c3d4e5f6',
    summary: 'Fix the header',
    createdAt: NOON - 600_000,
    canRollBack: false,
    isWarm: false,
  },
  {
    id: 12,
    state: 'current',
    reason: null,
    revision: 'b2c3d4e5f6a1',
    summary: 'Fix the footer',
    createdAt: NOON - 3 * 3_600_000,
    canRollBack: false,
    isWarm: false,
  },
  {
    id: 11,
    state: 'stable',
    reason: null,
    revision: 'c3d4e5f6a1b2',
    summary: 'Faster search',
    createdAt: NOON - 2 * 86_400_000,
    canRollBack: true,
    isWarm: true,
  },
];
