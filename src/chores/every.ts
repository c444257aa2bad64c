import { messageOf } from '../kit/message-of.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Calls `duty` again `ms` after it ended, until the answer is called. A duty that throws comes again: the next round may
 * find the disk less full. What it throws is reported once, and again only after it was something else or went well: a
 * trouble that lasts must not fill the log.
 */
export const every = (
  clock: Clock,
  ms: number,
  duty: () => Promise<void>,
  failed: (error: unknown) => void,
): (() => void) => {
  let cancel = (): void => {};
  let isOver = false;
  let reported: string | null = null;
  const report = (error: unknown): void => {
    if (messageOf(error) !== reported) failed(error);
    reported = messageOf(error);
  };
  const round = async (): Promise<void> => {
    await duty().then(() => (reported = null), report);
    if (!isOver) cancel = clock.timer(ms, () => void round());
  };
  cancel = clock.timer(ms, () => void round());
  return () => {
    isOver = true;
    cancel();
  };
};
