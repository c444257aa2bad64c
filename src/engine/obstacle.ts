import type { Refusal } from '../model/error.ts';
import type { PlanKind } from '../model/plan.ts';
import type { Clock } from '../ports/clock.ts';

/** What is in the way of a change: another one that runs, or a lock that somebody else has. */
export type Obstacle = {
  readonly kind: PlanKind | 'lock';
  /** Resolves when it may be worth asking again. */
  readonly isOver: (signal: AbortSignal) => Promise<void>;
  readonly refusal: (waitedMs: number) => Refusal;
};

/** Resolves when it may be out of the way, or after `waitMs`. Rejects with the reason of `ending` when that aborts. */
export const waitOut = async (
  obstacle: Obstacle,
  waitMs: number,
  { clock, ending }: { readonly clock: Clock; readonly ending: AbortSignal },
): Promise<void> => {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, ending]);
  try {
    await Promise.race([obstacle.isOver(signal), clock.sleep(waitMs, signal)]);
  } finally {
    enough.abort();
  }
  ending.throwIfAborted();
};
