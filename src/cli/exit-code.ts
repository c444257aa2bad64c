// What the exit code of every command means; the table of docs/reference/commands.md comes from here.
import type { Change } from '../model/change.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  refused: 2,
  notHolder: 3,
  lockNotObtained: 4,
  differences: 5,
  noAgent: 69,
  defect: 70,
  interrupted: 130,
} as const;

export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done'],
  [EXIT.failed, 'tried and failed; the message says what was undone'],
  [EXIT.refused, 'refused, nothing was touched: bad input, policy, lock held'],
  [EXIT.notHolder, 'lock: not the holder'],
  [EXIT.lockNotObtained, 'lock: not obtained in time'],
  [EXIT.differences, '`plan --check`: there is something to do'],
  [EXIT.noAgent, 'no agent answers'],
  [EXIT.defect, 'a bug in Reeve'],
  [EXIT.interrupted, 'interrupted; a change that was followed goes on'],
];

/** Of a change that ended: only `done` is success, and a failure may bring its own code. */
export const exitCodeOf = (change: Change): number => {
  if (change.state === 'done') return EXIT.done;
  return change.error?.exit ?? EXIT.failed;
};
