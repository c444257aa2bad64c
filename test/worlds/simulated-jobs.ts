// Jobs of a simulated host, as the driver of one agent runs them. They go on when the agent dies.
import type { Hands } from '../../src/engine/hands.ts';
import type { Exit } from '../../src/model/health.ts';
import type { Driver, RunFact } from '../../src/ports/driver.ts';
import type { FakeClock } from './fake-clock.ts';

export type JobScript = { readonly ms?: number; readonly exit?: number; readonly failsToStart?: string };

/** The part of a host where jobs run. */
export type JobHost = {
  readonly clock: FakeClock;
  readonly jobs: Map<string, RunFact>;
  readonly jobScripts: ReadonlyMap<string, JobScript>;
};

/** How an agent does things: with a chance to fail or die around each, and never once it is dead. */
export type Doing = {
  readonly effect: <T>(name: string, work: () => T | Promise<T>) => Promise<T>;
  readonly look: <T>(work: () => T) => Promise<T>;
  readonly isDead: () => boolean;
};

export const simulatedJobs = (host: JobHost, { effect, look, isDead }: Doing): Hands['driver'] => {
  const listeners = new Set<Parameters<Driver['onExit']>[0]>();
  const end = (id: string, exit: Exit): void => {
    const fact = host.jobs.get(id);
    if (!fact || fact.state !== 'running') return;
    host.jobs.set(id, { ...fact, state: 'ended', exit });
    if (!isDead()) for (const ended of listeners) ended(fact.ref, exit);
  };
  return {
    start: ([spec]) =>
      effect(`run ${jobName(spec!.id)}`, () => {
        const { ref, script } = {
          ref: { stack: spec!.stack, id: spec!.id },
          script: scriptOf(host, spec!.id),
        };
        if (script.failsToStart)
          return [{ ref, outcome: 'failed' as const, code: 'run.no-program', words: script.failsToStart }];
        const fact: RunFact = {
          ref,
          state: 'running',
          fingerprint: '',
          process: null,
          startedAt: host.clock.now(),
          exit: null,
          stdoutStart: 0,
          stderrStart: 0,
        };
        host.jobs.set(ref.id, fact);
        if (script.ms !== Infinity) {
          host.clock.timer(script.ms ?? 50, () =>
            end(ref.id, { code: script.exit ?? 0, signal: null, at: host.clock.now() }),
          );
        }
        return [{ ref, outcome: 'started' as const, fact }];
      }),
    stop: ([request]) =>
      effect(`end ${jobName(request!.ref.id)}`, () => {
        const wasRunning = host.jobs.get(request!.ref.id)?.state === 'running';
        const exit = { code: null, signal: 'SIGTERM', at: host.clock.now() };
        end(request!.ref.id, exit);
        const outcome = wasRunning ? ('exited' as const) : ('was-not-running' as const);
        return [{ ref: request!.ref, outcome, exit, strays: 0 }];
      }),
    forget: (refs) => look(() => refs.forEach(({ id }) => host.jobs.delete(id))),
    observe: () => look(() => [...host.jobs.values()]),
    // A job that an earlier agent started is watched by the next one too.
    onExit: (ended) => {
      listeners.add(ended);
      const unwatch = watchJobs(host, ended);
      return () => {
        listeners.delete(ended);
        unwatch();
      };
    },
  };
};

// What ended in a dead agent's time is in the facts; what ends later is told to whoever listens then.
const watchJobs = (host: JobHost, ended: Parameters<Driver['onExit']>[0]): (() => void) => {
  const adopted = [...host.jobs.values()].filter(({ state }) => state === 'running');
  if (adopted.length === 0) return () => {};
  let cancel = (): void => {};
  const look = (): void => {
    for (const { ref } of adopted) {
      const now = host.jobs.get(ref.id);
      if (now?.state === 'ended' && now.exit) ended(ref, now.exit);
    }
    cancel = host.clock.timer(10, look);
  };
  look();
  return () => cancel();
};

const jobName = (id: string): string => id.replace(/^job-\d+-/, '');

const scriptOf = (host: JobHost, id: string): JobScript => host.jobScripts.get(jobName(id)) ?? {};
