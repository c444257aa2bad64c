import type { Change } from '../model/change.ts';
import type { LockHeld } from '../model/lock.ts';
import { executeChange } from './execute-change.ts';
import type { Hands } from './hands.ts';
import { Interruption } from './interruption.ts';

const RETRY_MS = 5_000;

/** The change of a stack that runs now. */
export type RunningChange = {
  readonly id: number;
  readonly sentence: string;
  /** Resolves when it is closed, or left for the next agent; never rejects. */
  readonly ended: Promise<void>;
  readonly cancel: () => void;
};

/** Runs a change in the background until it is closed or the agent stops. */
export const runInBackground = (
  hands: Hands,
  begun: { readonly change: Change; readonly held: LockHeld; readonly isResumed: boolean },
  suspension: AbortSignal,
): RunningChange => {
  const { id, plan } = begun.change;
  const cancelling = new AbortController();
  const cancel = (): void => cancelling.abort(new Interruption('cancelled'));
  const signal = AbortSignal.any([suspension, cancelling.signal]);
  const ended = runToItsEnd(hands, { ...begun, signal, suspension });
  return { id, sentence: plan.sentence, ended, cancel };
};

type Run = {
  readonly change: Change;
  readonly held: LockHeld;
  readonly isResumed: boolean;
  readonly signal: AbortSignal;
  readonly suspension: AbortSignal;
};

// A journal that can not be written (the disk is full) stops the change where it is. It goes on once it can.
const runToItsEnd = async (hands: Hands, run: Run): Promise<void> => {
  let change = run.change;
  while (!run.suspension.aborted) {
    try {
      await executeChange({ hands, ...run, change });
      return;
    } catch (error) {
      hands.failed(`change ${change.id} of "${change.stack}" could not go on, and is tried again`, error);
      await hands.clock.sleep(RETRY_MS, run.suspension).catch(() => null);
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
