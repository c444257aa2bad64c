// How long a fallen instance waits for its next start. Pure.

/** So long healthy, and the failures before are forgotten. */
export const STEADY_MS = 30_000;
/** From this consecutive failure on, waiting is said loudly. */
const CRASH_LOOP_FAILURES = 4;

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

export type Backoff = {
  /** Consecutive runs that failed before they were healthy for STEADY_MS. */
  readonly failures: number;
  /** How often the wait has doubled, plus one; 0: the next start is immediate. */
  readonly waits: number;
};

export const NO_FAILURE: Backoff = { failures: 0, waits: 0 };

export const isCrashLooping = (backoff: Backoff): boolean => backoff.failures >= CRASH_LOOP_FAILURES;

/**
 * What follows when a run has ended. `healthyMs`: how long it had been healthy without a break. After a steady run the
 * next start is immediate; then 0.5 s, doubling to 30 s. It never gives up. `jitter` in [0, 1) takes off up to a fifth,
 * so that instances that fell together do not all come back in the same instant.
 */
export const afterFailure = (
  backoff: Backoff,
  healthyMs: number,
  jitter: number,
): { readonly backoff: Backoff; readonly delayMs: number } => {
  if (healthyMs >= STEADY_MS) return { backoff: { failures: 1, waits: 0 }, delayMs: 0 };
  const waits = backoff.waits + 1;
  const nominal = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(waits - 1, 16));
  return {
    backoff: { failures: backoff.failures + 1, waits },
    delayMs: Math.round(nominal * (1 - jitter / 5)),
  };
};
