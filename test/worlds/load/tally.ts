// What became of the requests of a load, by kind. Nothing in a load asks twice, so every failure here is one that a
// client would have seen.

export type KindReport = {
  readonly requests: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly slowestMs: number;
};

export type LoadReport = {
  readonly requests: number;
  readonly failed: number;
  readonly kinds: Readonly<Record<string, KindReport>>;
  /** Different failures, each with its kind and count. */
  readonly reasons: readonly string[];
};

type Counted = { failed: number; tookMs: number[] };

export class Tally {
  readonly #kinds = new Map<string, Counted>();
  readonly #reasons = new Map<string, number>();

  /** Counts one request: what it throws is why it failed. */
  async count(kind: string, request: () => Promise<void>): Promise<void> {
    const counted = this.#kinds.get(kind) ?? { failed: 0, tookMs: [] };
    this.#kinds.set(kind, counted);
    const began = performance.now();
    try {
      await request();
    } catch (error) {
      counted.failed += 1;
      const reason = `${kind}: ${error instanceof Error ? error.message : String(error)}`;
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    }
    counted.tookMs.push(performance.now() - began);
  }

  get requests(): number {
    return [...this.#kinds.values()].reduce((sum, { tookMs }) => sum + tookMs.length, 0);
  }

  report(): LoadReport {
    const kinds = [...this.#kinds].map(([kind, { failed, tookMs }]) => {
      const sorted = tookMs.toSorted((a, b) => a - b);
      const rounded = (at: number): number => Math.round((sorted[at] ?? 0) * 10) / 10;
      const report: KindReport = {
        requests: sorted.length,
        failed,
        medianMs: rounded(Math.floor(sorted.length / 2)),
        slowestMs: rounded(sorted.length - 1),
      };
      return [kind, report] as const;
    });
    return {
      requests: this.requests,
      failed: kinds.reduce((sum, [, { failed }]) => sum + failed, 0),
      kinds: Object.fromEntries(kinds),
      reasons: [...this.#reasons].map(([reason, count]) => `${count} x ${reason}`),
    };
  }
}

/** Thrown by a client whose answer is not the one that was asked for. */
export const expectSame = (what: string, actual: unknown, expected: unknown): void => {
  if (actual !== expected) throw new Error(`${what} ${String(actual)} instead of ${String(expected)}`);
};
