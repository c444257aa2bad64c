import { setTimeout as sleep } from 'node:timers/promises';

/** The host's own time; the shape of ports/clock. */
export const realClock = {
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  timer: (ms: number, elapsed: () => void): (() => void) => {
    const timer = setTimeout(elapsed, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
    sleep(ms, undefined, signal ? { signal } : undefined).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    }),
};
