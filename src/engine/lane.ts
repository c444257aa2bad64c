import type { Change } from '../model/change.ts';
import type { PlanKind } from '../model/plan.ts';
import { executeChange } from './execute-change.ts';
import type { Hands } from './hands.ts';
import { holdLock } from './hold-lock.ts';
import { Interruption } from './interruption.ts';

const RETRY_MS = 5_000;

/** The change of a stack that runs now. */
export type RunningChange = {
  readonly id: number;
  readonly kind: PlanKind;
  readonly sentence: string;
  /** Resolves when it is closed, or left for the next agent; never rejects. */
  readonly ended: Promise<void>;
  readonly cancel: () => void;
};

export type BegunChange = {
  readonly change: Change;
  /** An earlier agent left it. */
  readonly isResumed: boolean;
};

/**
 * Runs a change in the background, from its first unfinished step or with the undo it had begun, until it is closed or
 * the agent stops. Its lock is taken, or taken over from an agent that is gone; where anybody else has it, it waits.
 */
export const runInBackground = (hands: Hands, begun: BegunChange, suspension: AbortSignal): RunningChange => {
  const { id, plan } = begun.change;
  const cancelling = new AbortController();
  return {
    id,
    kind: plan.kind,
    sentence: plan.sentence,
    ended: runToItsEnd(hands, begun, {
      signal: AbortSignal.any([suspension, cancelling.signal]),
      suspension,
    }),
    cancel: () => cancelling.abort(new Interruption('cancelled')),
  };
};

// A journal that can not be written (the disk is full) stops the change where it is. It goes on once it can.
const runToItsEnd = async (
  hands: Hands,
  { change: begun, isResumed }: BegunChange,
  signals: { readonly signal: AbortSignal; readonly suspension: AbortSignal },
): Promise<void> => {
  let change = begun;
  while (!signals.suspension.aborted) {
    try {
      const held = await holdLock(hands, change, signals.suspension);
      await executeChange({ hands, change, held, isResumed, ...signals });
      return;
    } catch (error) {
      if (signals.suspension.aborted) return;
      hands.failed(`change ${change.id} of "${change.stack}" could not go on, and is tried again`, error);
      await hands.clock.sleep(RETRY_MS, signals.suspension).catch(() => null);
      change = reread(hands, change);
    }
  }
};

const reread = ({ store, failed }: Hands, change: Change): Change => {
  try {
    return store.journal.get(change.id) ?? change;
  } catch (error) {
    failed(`change ${change.id} could not be read`, error);
    return change;
  }
};
