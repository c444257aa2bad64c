import { assembleKinship, findTree, type Kinship } from './find-tree.ts';
import {
  type Marks,
  type ProcessRow,
  type ProcessTable,
  readMarks,
  readProcessTable,
} from './process-table.ts';
import type { Clock } from '../../ports/clock.ts';

export type Snapshot = { readonly table: ProcessTable; readonly kinship: Kinship; readonly marks: Marks };

export const takeSnapshot = (): Snapshot => {
  const table = readProcessTable();
  return { table, kinship: assembleKinship(table), marks: readMarks(table.keys()) };
};

export type TreeQuestion = {
  readonly marker: string;
  readonly lifeLine: string;
  /** Confirmed by identity before: the program itself, or what an earlier snapshot found. */
  readonly known: readonly Pick<ProcessRow, 'pid' | 'startTicks'>[];
  /** The shim. */
  readonly outsiders: ReadonlySet<number>;
};

/** Every live process of a run: by mark, by identity, and whatever descends from those. */
export const treeIn = (
  { table, kinship, marks }: Snapshot,
  question: TreeQuestion,
): readonly ProcessRow[] => {
  const known = question.known.filter(({ pid, startTicks }) => table.get(pid)?.startTicks === startTicks);
  const roots = [
    ...known.map(({ pid }) => pid),
    ...(marks.byMarker.get(question.marker) ?? []),
    ...(marks.byLifeLine.get(question.lifeLine) ?? []),
  ];
  // An agent must never find itself, whoever started it.
  return findTree(kinship, roots, new Set([...question.outsiders, process.pid, 1]));
};

/**
 * Shares passes over /proc: all who ask while a pass is due get the same one, taken after they asked. Passes follow each
 * other at a distance of their own length, so that stopping 300 runs takes at most half of one core for it.
 */
export class Snapshots {
  readonly #clock: Clock;
  #due: Promise<Snapshot> | null = null;
  #restUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(): Promise<Snapshot> {
    this.#due ??= this.#takeNext();
    return this.#due;
  }

  async #takeNext(): Promise<Snapshot> {
    const restMs = this.#restUntil - this.#clock.monotonic();
    if (restMs > 0) await this.#clock.sleep(restMs);
    else await new Promise((resolve) => setImmediate(resolve));
    this.#due = null;
    const from = this.#clock.monotonic();
    const snapshot = takeSnapshot();
    const to = this.#clock.monotonic();
    this.#restUntil = to + (to - from);
    return snapshot;
  }
}
