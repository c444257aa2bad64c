import type { Change } from '../model/change.ts';
import type { LockHeld } from '../model/lock.ts';
import { taskOf } from './begin-change.ts';
import { hasBegunToFinish } from './execute-change.ts';
import type { Hands } from './hands.ts';
import { holdLock } from './hold-lock.ts';
import { type RunningChange, runInBackground } from './lane.ts';

/**
 * Goes on with a change that an earlier agent left: from its first unfinished step, or with the undo it had begun or
 * was asked for. Its lock is taken over from the agent that is gone; where anybody else has it, it is waited for.
 */
export const resumeChange = (hands: Hands, change: Change, suspension: AbortSignal): RunningChange => {
  const running = runInBackground(
    hands,
    { change, isResumed: true, hold: () => takeOver(hands, change, suspension) },
    suspension,
  );
  if (change.cancelRequested && !hasBegunToFinish(change)) running.cancel();
  return running;
};

const takeOver = async (hands: Hands, change: Change, signal: AbortSignal): Promise<LockHeld> => {
  const { stack, plan } = change;
  const wish = { stack, task: taskOf(change), reason: plan.sentence, waitMs: Infinity, signal };
  const held = await holdLock(hands, wish);
  hands.store.journal.setFencing(change.id, held.fencing);
  return held;
};
