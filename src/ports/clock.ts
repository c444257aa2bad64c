/** Time, so that it can be faked. Every wait of WORK goes through here. */
export interface Clock {
  /** Epoch milliseconds; may jump. For records and people only. */
  now(): number;
  /** Milliseconds that only grow; for every interval and deadline. */
  monotonic(): number;
  /** Calls `elapsed` once after `ms`; the answer cancels it. */
  timer(ms: number, elapsed: () => void): () => void;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Numbers in [0, 1), so that jitter can be seeded. */
export type Random = () => number;
