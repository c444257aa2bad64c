import type { Change } from '../model/change.ts';
import { hasBegunToFinish } from './execute-change.ts';
import type { Hands } from './hands.ts';
import { type RunningChange, runInBackground } from './lane.ts';

/** Goes on with a change that an earlier agent left, or with the cancel that it was asked for. */
export const resumeChange = (hands: Hands, change: Change, suspension: AbortSignal): RunningChange => {
  const running = runInBackground(hands, { change, isResumed: true }, suspension);
  if (change.cancelRequested && !hasBegunToFinish(change)) running.cancel();
  return running;
};
