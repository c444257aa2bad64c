/** The host's own time; the shape of ports/clock. */
export const realClock = {
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  timer: (ms: number, elapsed: () => void): (() => void) => {
    let cancel = (): void => {};
    const arm = (leftMs: number): void => {
      const timer = setTimeout(
        () => (leftMs > LONGEST_MS ? arm(leftMs - LONGEST_MS) : elapsed()),
        Math.min(leftMs, LONGEST_MS),
      );
      cancel = () => clearTimeout(timer);
    };
    arm(ms);
    return () => cancel();
  },
  sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = realClock.timer(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),
};

// What Node's timers take, almost 25 days; more of it would be taken for 1 ms.
const LONGEST_MS = 2 ** 31 - 1;
