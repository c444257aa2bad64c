import type { Clock } from '../ports/clock.ts';

/**
 * Calls `duty` again `ms` after it ended, until the answer is called. A duty that throws is reported and comes again:
 * the next round may find the disk less full.
 */
export const every = (
  clock: Clock,
  ms: number,
  duty: () => Promise<void>,
  failed: (error: unknown) => void,
): (() => void) => {
  let cancel = (): void => {};
  let isOver = false;
  const round = (): void => {
    Promise.resolve()
      .then(duty)
      .catch(failed)
      .finally(() => {
        if (!isOver) cancel = clock.timer(ms, round);
      });
  };
  cancel = clock.timer(ms, round);
  return () => {
    isOver = true;
    cancel();
  };
};
