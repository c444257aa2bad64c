// What a comparison is, and what it leaves: figures of Reeve beside those of its peers, taken in the same run. The
// harness knows numbers and processes; it must never know which of them would look good.

export type Unit = 'ms' | 's' | 'MB' | '% of a core' | 'requests/s' | 'ms of CPU/1,000 requests' | 'count';

/** One thing that was measured on several subjects. */
export type Figure = {
  readonly what: string;
  readonly unit: Unit;
  readonly better: 'less' | 'more';
  /** By subject, or by size; one value for each time it was measured. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** What Reeve promises itself of it, as a number of that unit. */
  readonly target?: number;
};

export type Comparison = {
  /** `<group>/<name>`: what `npm run bench -- <group>` and `-- <group>/<name>` ask for. */
  readonly name: string;
  readonly title: string;
  /** How it was measured, for the page. */
  readonly how: string;
  /** Where sizes are compared, and no subjects: the label of each, rising, and how much of it there is. */
  readonly sizes?: Sizes;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
};

export type Sizes = Readonly<Record<string, number>>;

/** What a comparison is given. */
export type Bench = {
  readonly say: (words: string) => void;
  /** A subject that is not there, and why; it shows in the table. */
  readonly skip: (subject: string, why: string) => void;
};

/** What is kept of one comparison, in `.cache/bench`. */
export type Outcome = {
  readonly name: string;
  readonly title: string;
  readonly how: string;
  readonly sizes?: Sizes;
  readonly machine: Readonly<Record<string, string>>;
  /** Runnable processes before it began, and cores: more of the first than of the second means noise. */
  readonly load: number;
  readonly cores: number;
  readonly tookMs: number;
  readonly skipped: Readonly<Record<string, string>>;
  readonly figures: readonly Figure[];
};

/** Collects values by subject or size, figure by figure, in the order they were first seen. */
export class Figures {
  readonly #figures = new Map<string, Figure & { readonly values: Record<string, number[]> }>();

  add(figure: Omit<Figure, 'values'>, subject: string, ...values: readonly number[]): void {
    const known = this.#figures.get(figure.what) ?? { ...figure, values: {} };
    this.#figures.set(figure.what, known);
    (known.values[subject] ??= []).push(...values);
  }

  list(): readonly Figure[] {
    return [...this.#figures.values()];
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Half of the values lie this far apart, as a share of their median; 0 where there is only one. */
export const spread = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const middle = median(values);
  return middle === 0 || values.length < 2 ? 0 : (at(0.75) - at(0.25)) / middle;
};
