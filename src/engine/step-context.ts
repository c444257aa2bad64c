import type { Change } from '../model/change.ts';
import { type ErrorReport, Failure } from '../model/error.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { StepArgs, StepKind } from '../model/plan.ts';
import type { Hands } from './hands.ts';

/** What a step is run with. */
export type StepContext = {
  readonly hands: Hands;
  readonly stack: Name;
  /** As it was when the change began or was resumed. */
  readonly change: Change;
  /** Aborts on cancel (not while undoing) and when the agent stops. */
  readonly signal: AbortSignal;
  /** One line for those who follow. */
  readonly progressed: (words: string) => void;
};

/** `refused`: the release itself is to blame. Whatever is thrown is our own failure, or the world's. */
export type StepOutcome =
  | { readonly outcome: 'done'; readonly words: string | null }
  | { readonly outcome: 'refused'; readonly report: ErrorReport };

/**
 * How one kind of step is done. Both parts are idempotent: after a crash they are simply called again. Each effect
 * that follows a wait is preceded by `mayTouch`, which is why the lock is a parameter.
 */
export type StepExecutor<K extends StepKind> = {
  execute(context: StepContext, args: StepArgs[K], held: LockHeld): Promise<StepOutcome>;
  /** What was undone, one sentence; null where there was nothing to say. */
  undo?(context: StepContext, args: StepArgs[K], held: LockHeld): Promise<string | null>;
};

export type StepTable = { readonly [K in StepKind]: StepExecutor<K> };

export const done = (words: string | null = null): StepOutcome => ({ outcome: 'done', words });

export const refused = (report: ErrorReport): StepOutcome => ({ outcome: 'refused', report });

/** Throws where the change was interrupted, or where the lock is no longer its own: then nothing may be touched. */
export const mayTouch = ({ hands, signal }: Pick<StepContext, 'hands' | 'signal'>, held: LockHeld): void => {
  signal.throwIfAborted();
  if (hands.store.lock.isHeld(held)) return;
  const { owner, task } = hands.store.lock.read(held.stack);
  const who = owner === 'free' ? 'it was released' : `"${owner}" (${task}) has it`;
  throw new Failure(
    'lock.lost',
    `Cannot go on changing "${held.stack}": the lock of "${held.owner}" (${held.task}) is lost, ${who}`,
    { fix: `look at what stands now: reeve status, then deploy again` },
  );
};
