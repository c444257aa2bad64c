// What the edge counts about each service. Counting is a few additions on plain numbers per request.

/** Upper bounds in milliseconds of the time until an answer's header; the last bucket has no bound. */
export const LATENCY_BOUNDS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
] as const;

export class ServiceCounts {
  /** By first digit of the status; index 0 is unused. */
  readonly byClass: number[] = [0, 0, 0, 0, 0, 0];
  readonly latency: number[] = [...LATENCY_BOUNDS_MS.map(() => 0), 0];
  latencySumMs = 0;

  /** One answer: its status, and how long its header took. */
  answered(status: number, tookMs: number): void {
    const digit = Math.trunc(status / 100);
    if (digit >= 1 && digit <= 5) this.byClass[digit]! += 1;
    let bucket = 0;
    while (bucket < LATENCY_BOUNDS_MS.length && tookMs > LATENCY_BOUNDS_MS[bucket]!) bucket += 1;
    this.latency[bucket]! += 1;
    this.latencySumMs += tookMs;
  }
}
