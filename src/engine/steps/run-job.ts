import { ageMsOf } from '../../kit/process-identity.ts';
import type { Exit } from '../../model/health.ts';
import type { LockHeld } from '../../model/lock.ts';
import { type ErrorReport, Failure } from '../../model/error.ts';
import type { Release } from '../../model/release.ts';
import type { Job } from '../../model/stack.ts';
import type { RunFact, RunRef, RunSpec } from '../../ports/driver.ts';
import { spanText } from '../../plan/wording.ts';
import { done, mayTouch, refused, type StepContext, type StepExecutor } from '../step-context.ts';

const STOP_GRACE_MS = 10_000;
const LOG_LINES = 20;

/**
 * A job is a run of its own, `job-<change>-<job>`: it goes on when the agent dies, and is found again by its name.
 * Its record stays until the change is closed, so that no job runs twice in one change.
 */
export const runJob: StepExecutor<'run-job'> = {
  async execute(context, args, held) {
    const { release, job } = findJob(context, args.release, args.job);
    const spec = context.hands.releases.describeJob(release, context.change.id, job);
    const exits = watchExit(context, spec);
    try {
      const started = await ensureStarted(context, spec, held);
      if ('report' in started) return refused(started.report);
      const end =
        started.fact.exit ?? (await waitForEnd(context, { job, ended: exits.ended, fact: started.fact }));
      if (end === 'timed-out') return refused(await timedOut(context, spec, job, started.fact));
      if (end.code !== 0) return refused(await failed(context, { spec, job, fact: started.fact, exit: end }));
      return done(args.phase === 'build' ? await keepCache(context, release, held) : null);
    } finally {
      exits.stop();
    }
  },

  async undo(context, args, held) {
    const { release, job } = findJob(context, args.release, args.job);
    const { stack, id } = context.hands.releases.describeJob(release, context.change.id, job);
    mayTouch(context, held);
    const [outcome] = await context.hands.driver.stop([stopRequest({ stack, id })]);
    return outcome && outcome.outcome !== 'was-not-running' ? `the job "${job.name}" was stopped` : null;
  },
};

const findJob = (
  { hands, stack }: StepContext,
  id: number,
  name: string,
): { readonly release: Release; readonly job: Job } => {
  const release = hands.store.releases.get(stack, id);
  const job = release?.stack.jobs.find((each) => each.name === name);
  if (release && job) return { release, job };
  throw new Failure(
    'job.unknown',
    `Cannot run the job "${name}": release ${id} of "${stack}" has no such job`,
  );
};

// Before the start, so that the shortest job's end is not missed.
const watchExit = (
  { hands }: StepContext,
  spec: RunSpec,
): { readonly ended: Promise<Exit>; readonly stop: () => void } => {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const stop = hands.driver.onExit((ref, exit) => {
    if (isSame(ref, spec)) resolve(exit);
  });
  return { ended: promise, stop };
};

const ensureStarted = async (
  context: StepContext,
  spec: RunSpec,
  held: LockHeld,
): Promise<{ readonly fact: RunFact } | { readonly report: ErrorReport }> => {
  const { driver } = context.hands;
  mayTouch(context, held);
  const known = (await driver.observe(spec.stack)).find(({ ref }) => isSame(ref, spec));
  if (known?.state === 'lost') {
    throw new Failure(
      'job.lost',
      `Cannot tell how the job "${spec.id}" ended: it is gone, and nobody saw it end`,
      {
        fix: 'check by hand what it had done, then deploy again',
      },
    );
  }
  if (known) return { fact: known };
  mayTouch(context, held);
  const [outcome] = await driver.start([spec]);
  if (!outcome) throw new Failure('job.not-started', `Cannot start "${spec.id}": the driver gave no answer`);
  if (outcome.outcome !== 'failed') return { fact: outcome.fact };
  return {
    report: {
      kind: 'failure',
      code: 'job.not-started',
      message: `Cannot start the job "${spec.id}": ${outcome.words}`,
      fix: 'correct its run, user or folder in the stack file',
      exit: 1,
    },
  };
};

type Waiting = {
  readonly job: Job;
  readonly ended: Promise<Exit>;
  readonly fact: RunFact;
};

// On an interruption the job itself is left alone: a cancel ends it when the step is undone, and where the agent stops it
// goes on and its end is found later.
const waitForEnd = async (
  { hands, signal }: StepContext,
  { job, ended, fact }: Waiting,
): Promise<Exit | 'timed-out'> => {
  const { clock } = hands;
  const over = new AbortController();
  // Where its process can not tell how long it has run, the clock does, which may have been set since.
  const ranMs = ageMsOf(fact.process) ?? Math.max(0, clock.now() - fact.startedAt);
  const left = Math.max(0, job.timeoutMs - ranMs);
  const timer = clock.sleep(left, AbortSignal.any([signal, over.signal])).then(() => 'timed-out' as const);
  try {
    return await Promise.race([ended, timer]);
  } finally {
    timer.catch(() => null);
    over.abort();
  }
};

const timedOut = async (
  context: StepContext,
  spec: RunSpec,
  job: Job,
  fact: RunFact,
): Promise<ErrorReport> => {
  await context.hands.driver.stop([stopRequest(spec)]);
  return {
    kind: 'failure',
    code: 'job.timed-out',
    message: `Cannot finish the job "${job.name}": it ran for ${spanText(job.timeoutMs)}, an end within that time is required`,
    fix: `make it faster, or set jobs.${job.name}.timeout`,
    log: await lastLines(context, spec, fact),
    exit: 1,
  };
};

const failed = async (
  context: StepContext,
  { spec, job, fact, exit }: { spec: RunSpec; job: Job; fact: RunFact; exit: Exit },
): Promise<ErrorReport> => {
  const end = exit.signal
    ? `signal ${exit.signal} ended it`
    : `it ended with exit code ${exit.code ?? 'unknown'}`;
  const how = exit.ranOutOfMemory ? `${end} when memory ran out` : end;
  return {
    kind: 'failure',
    code: 'job.failed',
    message: `Cannot finish the job "${job.name}": ${how}, 0 is required`,
    fix: `read all it said: reeve logs ${spec.id}`,
    log: await lastLines(context, spec, fact),
    exit: 1,
  };
};

const lastLines = async (
  { hands }: StepContext,
  spec: RunSpec,
  fact: RunFact,
): Promise<readonly string[]> => {
  const file = (stream: 'out' | 'err', path: string) => ({ path, stream, instance: spec.id });
  const [out, err] = await Promise.all([
    hands.logBook.lastLines(file('out', spec.stdoutPath), LOG_LINES, fact.stdoutStart),
    hands.logBook.lastLines(file('err', spec.stderrPath), LOG_LINES, fact.stderrStart),
  ]);
  // What went wrong is mostly on the error stream, and that is what must not be cut.
  return [...out.slice(-Math.max(0, LOG_LINES - err.length)), ...err].slice(-LOG_LINES);
};

// A cache only makes the next build faster: without it this one is as good.
const keepCache = async (context: StepContext, release: Release, held: LockHeld): Promise<string | null> => {
  mayTouch(context, held);
  try {
    await context.hands.releases.saveCache(release);
    return null;
  } catch (error) {
    context.hands.failed(`the build cache of "${context.stack}" was not kept`, error);
    return 'the build cache was not kept: the next build takes longer';
  }
};

const stopRequest = (ref: RunRef) => ({
  ref: { stack: ref.stack, id: ref.id },
  signal: 'SIGTERM' as const,
  graceMs: STOP_GRACE_MS,
});

const isSame = (a: RunRef, b: RunRef): boolean => a.stack === b.stack && a.id === b.id;
