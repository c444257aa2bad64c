import type { LogLine } from '../ports/log-book.ts';

export type Batches = AsyncGenerator<readonly LogLine[]>;

// Batches all the way, and lines only at the door: an await for every line would cost more than reading it.

/** One stream of several, by time; where times are equal, in the order of the sources; each source's own order is kept. */
export async function* mergeByTime(sources: readonly Batches[]): Batches {
  const heads: readonly Head[] = sources.map((source) => ({ source, batch: [], next: 0, at: 0 }));
  try {
    for (const head of heads) await refill(head);
    for (;;) {
      const [first, second] = earliestTwo(heads);
      if (!first) return;
      const from = first.next;
      do advance(first);
      while (first.next < first.batch.length && (!second || isEarlier(first, second, heads)));
      yield first.batch.slice(from, first.next);
      if (first.next === first.batch.length) await refill(first);
    }
  } finally {
    for (const { source } of heads) await source.return(undefined);
  }
}

/**
 * One stream of several, as it comes. Nobody runs ahead of the reader by more than a batch. `stop` is called when the reader has
 * had enough: the sources then end by themselves.
 */
export async function* interleave(sources: readonly Batches[], stop: () => void): Batches {
  const ready: { readonly batch: readonly LogLine[]; readonly taken: () => void }[] = [];
  let wake = (): void => {};
  let failure: { readonly error: unknown } | null = null;
  let open = sources.length;
  let isOver = false;
  const pump = async (source: Batches): Promise<void> => {
    try {
      for await (const batch of source) {
        if (isOver) return;
        await new Promise<void>((taken) => {
          ready.push({ batch, taken });
          wake();
        });
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      open -= 1;
      wake();
    }
  };
  const pumps = sources.map(pump);
  try {
    for (;;) {
      const [first] = ready;
      if (first) {
        yield first.batch;
        ready.shift();
        first.taken();
      } else if (failure) {
        throw (failure as { readonly error: unknown }).error;
      } else if (open === 0) {
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    isOver = true;
    stop();
    for (const { taken } of ready) taken();
    await Promise.all(pumps);
  }
}

/** `at` is the time of the next line. */
type Head = { readonly source: Batches; batch: readonly LogLine[]; next: number; at: number };

const refill = async (head: Head): Promise<void> => {
  do {
    const { value, done } = await head.source.next();
    head.batch = done ? [] : value;
    if (done) break;
  } while (head.batch.length === 0);
  head.next = -1;
  advance(head);
};

// A line without a time goes with the one before it.
const advance = (head: Head): void => {
  head.next += 1;
  head.at = Math.max(head.at, head.batch[head.next]?.at ?? 0);
};

const isEarlier = (a: Head, b: Head, order: readonly Head[]): boolean =>
  a.at < b.at || (a.at === b.at && order.indexOf(a) < order.indexOf(b));

const earliestTwo = (heads: readonly Head[]): readonly [Head | null, Head | null] => {
  let first: Head | null = null;
  let second: Head | null = null;
  for (const head of heads) {
    if (head.next >= head.batch.length) continue;
    if (!first || head.at < first.at) [first, second] = [head, first];
    else if (!second || head.at < second.at) second = head;
  }
  return [first, second];
};
