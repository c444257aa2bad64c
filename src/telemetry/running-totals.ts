export type RunningTotals = {
  /** How much this count grew since it was last seen; a count that fell started again from zero. */
  readonly grow: (key: string, count: number) => number;
};

/**
 * The edge counts per instance port, from its own start: a sum of those falls when an instance goes or the edge starts again,
 * which Prometheus would take for a reset of everything.
 */
export const createRunningTotals = (): RunningTotals => {
  const seen = new Map<string, number>();
  return {
    grow: (key, count) => {
      const before = seen.get(key) ?? 0;
      seen.set(key, count);
      return count >= before ? count - before : count;
    },
  };
};
