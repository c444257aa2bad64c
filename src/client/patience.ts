import type { Clock } from '../ports/clock.ts';

export type PatienceOptions = {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** How long to go on trying once the agent is lost. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once for each loss. */
  readonly lost?: (() => void) | undefined;
};

/** Waits between attempts to reach a lost agent: 50 ms doubling to 1 s, for `patienceMs` in all. */
export type Patience = {
  /** An attempt begins. */
  readonly attempt: () => void;
  /** The attempt brought something. */
  readonly heard: () => void;
  /** False when the patience is at its end. */
  readonly wait: () => Promise<boolean>;
};

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
// A connection that held this long was a good one, even where nothing was said on it.
const HELD_MS = 5_000;

export const createPatience = ({ clock, patienceMs, signal, lost }: PatienceOptions): Patience => {
  let attemptedAt = clock.monotonic();
  let lostAt: number | null = null;
  let delayMs = FIRST_DELAY_MS;
  const heard = (): void => {
    lostAt = null;
    delayMs = FIRST_DELAY_MS;
  };
  return {
    attempt: () => {
      attemptedAt = clock.monotonic();
    },
    heard,
    wait: async () => {
      if (clock.monotonic() - attemptedAt >= HELD_MS) heard();
      if (lostAt === null) lost?.();
      lostAt ??= clock.monotonic();
      if (clock.monotonic() - lostAt >= patienceMs) return false;
      await clock.sleep(delayMs, signal);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      return true;
    },
  };
};
