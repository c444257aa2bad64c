import { formatDuration } from '../kit/format.ts';
import { type Change, isEnded } from '../model/change.ts';
import { Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import { PLAN_VERSION } from '../model/plan.ts';
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

/** A newer Reeve left a change in the middle: only that may go on with it, and nothing may come over it. */
export const newerPlan = ({ id, stack, plan }: Change): Refusal =>
  new Refusal(
    'change.newer',
    `Cannot change "${stack}": change ${id} is unfinished and its plan of version ${plan.version}, at most version ${PLAN_VERSION} is required to go on with it`,
    {
      why: 'a newer Reeve began it; what runs now goes on running, and its lock is kept',
      fix: 'start that version of Reeve again: it goes on with the change by itself',
    },
  );

/** Nobody is there any more to whom it could be said that it began. */
export const givenUp = (stack: Name): Refusal =>
  new Refusal(
    'change.given-up',
    `Cannot change "${stack}": who asked hung up, or the agent stops, before it had begun, its beginning has to be waited for`,
    { why: 'nothing was touched', fix: 'ask again', retryable: true },
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
