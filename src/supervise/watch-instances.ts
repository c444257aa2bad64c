import { formatDuration } from '../kit/format.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogBook } from '../ports/log-book.ts';
import type { BakeOutcome } from '../ports/supervision.ts';
import { badAnswerWords } from './health-inputs.ts';
import type { Instance } from './instance.ts';
import { readLastLines } from './last-lines.ts';
import { exitWords, supervisionClosed } from './words.ts';

const ASK_MS = 1000;
const LOOK_MS = 100;

export type WatchOptions = {
  readonly forMs: number;
  readonly isBad: () => Promise<string | null>;
  readonly signal?: AbortSignal;
};

export type WatchTools = {
  readonly clock: Clock;
  readonly logBook: LogBook;
  /** Aborts when supervision closes. */
  readonly closing: AbortSignal;
};

/** Watches instances that have traffic: the first that falls or stays unhealthy, or the caller's own word, ends it. */
export const watchInstances = async (
  instances: readonly Instance[],
  { forMs, isBad, signal }: WatchOptions,
  { clock, logBook, closing }: WatchTools,
): Promise<BakeOutcome> => {
  const over = new AbortController();
  const ends = AbortSignal.any([over.signal, closing, ...(signal ? [signal] : [])]);
  const endsAt = clock.monotonic() + forMs;
  const fallen: { readonly instance: Instance; readonly words: string }[] = [];
  const unlisten = instances.map((instance) => {
    const { run } = instance.state;
    const look = (): void => {
      const words = complaintOf(instance, run);
      if (words === null) return;
      fallen.push({ instance, words });
      over.abort();
    };
    instance.dispatch({ input: 'watchOpened' });
    look();
    return instance.listen(look);
  });
  const bad = async (instance: Instance, words: string): Promise<BakeOutcome> => ({
    outcome: 'bad',
    reason: `"${instance.service.name}" (${instance.id}) ${words}`,
    log: await readLastLines(logBook, instance),
  });
  try {
    for (;;) {
      const [first] = fallen;
      if (first) return await bad(first.instance, first.words);
      const left = endsAt - clock.monotonic();
      if (left <= 0 && !instances.some((instance) => isAwaited(instance, -left))) break;
      const pauseMs = left > 0 ? Math.min(ASK_MS, left) : LOOK_MS;
      await clock.sleep(Math.ceil(pauseMs), ends).catch(ignoreEnd);
      signal?.throwIfAborted();
      if (closing.aborted) throw supervisionClosed(instances.map(({ id }) => id).join(', '));
      const reason = fallen.length > 0 ? null : await isBad();
      if (reason !== null) return { outcome: 'bad', reason, log: [] };
    }
    const unproved = instances.find(isUnproved);
    if (!unproved) return { outcome: 'good' };
    const { health } = unproved.state;
    const took = formatDuration(clock.monotonic() - endsAt + forMs);
    return await bad(unproved, `was ${health.state} after ${took}: ${health.words}`);
  } finally {
    for (const end of unlisten) end();
    for (const instance of instances) instance.dispatch({ input: 'watchClosed' });
  }
};

const isUnproved = ({ state }: Instance): boolean => !['healthy', 'degraded'].includes(state.health.state);

// One that this agent has only just adopted may not have answered often enough yet, which says nothing against it.
const isAwaited = (instance: Instance, overdueMs: number): boolean =>
  isUnproved(instance) && overdueMs < instance.service.health.withinMs;

// What is wrong with an instance that was in its `run`-th run when the watch began.
const complaintOf = ({ state }: Instance, run: number): string | null => {
  if (state.run !== run) return state.lastExit ? exitWords(state.lastExit) : 'was restarted';
  switch (state.phase) {
    case 'launching':
    case 'running':
      return state.health.state === 'unhealthy' ? `is unhealthy: ${badAnswerWords(state.health)}` : null;
    case 'waiting':
    case 'replacing':
    case 'ended':
      return state.reason ?? 'ended';
    case 'idle':
    case 'stopping':
      return 'was stopped';
  }
};

// Why the wait ended is looked at after it.
const ignoreEnd = (): undefined => undefined;
