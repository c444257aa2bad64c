import { formatDuration } from '../kit/format.ts';
import { type Change, isEnded } from '../model/change.ts';
import { Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import { hasBegunToFinish } from './execute-change.ts';

/** One change at a time per stack; exit code 4 where it was waited for, 2 where not. */
export const changeRunning = (
  stack: Name,
  running: { readonly id: number; readonly sentence: string },
  waitedMs: number,
): Refusal =>
  new Refusal(
    waitedMs > 0 ? 'lock.not-obtained' : 'change.running',
    `Cannot change "${stack}": change ${running.id} ${waitedMs > 0 ? `still runs after ${formatDuration(waitedMs)}` : 'runs'} (${running.sentence}), one at a time is allowed`,
    {
      fix: `follow it: reeve changes follow ${running.id}; or wait for it with --wait`,
      retryable: true,
      ...(waitedMs > 0 ? { exit: 4 } : {}),
    },
  );

/** The change itself. Refusals: `change.unknown`, `change.ended`, `change.past-cancel`. */
export const mustBeCancellable = (change: Change | null, id: number): Change => {
  if (!change) {
    throw new Refusal('change.unknown', `Cannot cancel change ${id}: there is no such change`, {
      fix: 'look for it: reeve changes',
    });
  }
  if (isEnded(change.state)) {
    throw new Refusal(
      'change.ended',
      `Cannot cancel change ${id}: it is ${change.state} already, a running one is required`,
    );
  }
  if (change.state === 'running' && hasBegunToFinish(change)) {
    throw new Refusal(
      'change.past-cancel',
      `Cannot cancel change ${id}: what it brings is live and it only tidies up, a change before that is required`,
      { fix: `roll back instead: reeve rollback --stack ${change.stack}` },
    );
  }
  return change;
};
