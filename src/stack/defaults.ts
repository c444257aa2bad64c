// What a stack file means where it says nothing. Milliseconds and bytes.

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const HEALTH_DEFAULTS = {
  intervalMs: 2 * SECOND,
  timeoutMs: 5 * SECOND,
  passes: 2,
  failures: 3,
  settleMs: 1 * SECOND,
  withinMs: 60 * SECOND,
  progressExtends: false,
} as const;

export const SERVICE_DEFAULTS = {
  strategy: 'swap',
  replicas: 1,
  restart: 'always',
  stopSignal: 'SIGTERM',
  graceMs: 10 * SECOND,
  drainMs: 30 * SECOND,
  holdMs: 30 * SECOND,
  condition: 'started',
} as const;

export const JOB_DEFAULTS = { timeoutMs: 30 * MINUTE } as const;

export const STACK_DEFAULTS = {
  source: '.',
  gitRef: 'HEAD',
  warmMs: 10 * MINUTE,
  retention: { releases: 5, logBytes: 64e6, archiveBytes: 256e6 },
  bake: { forMs: 10 * SECOND, maxErrorShare: 0.05, minRequests: 20 },
} as const;

/** A job with one of these names has that phase; any other job has to say its phase. */
export const NAMED_PHASES = ['build', 'gate', 'before', 'after'] as const;
