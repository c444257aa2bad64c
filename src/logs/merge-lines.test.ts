import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogLine } from '../ports/log-book.ts';
import { type Batches, interleave, mergeByTime } from './merge-lines.ts';

const line = (text: string, at: number | null): LogLine => ({
  instance: 'web-1-blue',
  stream: 'out',
  at,
  text,
  offset: 0,
});

async function* source(closed: string[], name: string, ...batches: readonly LogLine[][]): Batches {
  try {
    yield* batches;
  } finally {
    closed.push(name);
  }
}

const textsOf = async (batches: Batches): Promise<string[]> => {
  const texts: string[] = [];
  for await (const batch of batches) texts.push(...batch.map(({ text }) => text));
  return texts;
};

describe('merging lines', () => {
  it('goes by time, and by the order of the sources where times are equal', async () => {
    const merged = mergeByTime([
      source([], 'a', [], [line('a1', 1), line('a3', 3)], [], [line('a5', 5)]),
      source([], 'b', [line('b1', 1), line('b2', 2)], [line('b5', 5)]),
      source([], 'c'),
    ]);
    assert.deepEqual(await textsOf(merged), ['a1', 'b1', 'b2', 'a3', 'a5', 'b5']);
  });

  it('never turns the lines of one source round, though its times are missing or go back', async () => {
    const merged = mergeByTime([
      source([], 'a', [line('a1', 5), line('a2', null), line('a3', 2)]),
      source([], 'b', [line('b1', 4), line('b2', 6)]),
    ]);
    assert.deepEqual(await textsOf(merged), ['b1', 'a1', 'a2', 'a3', 'b2']);
  });

  it('closes every source when the reader stops early', async () => {
    const closed: string[] = [];
    const merged = mergeByTime([
      source(closed, 'a', [line('a1', 1)], [line('a2', 2)]),
      source(closed, 'b', [line('b1', 1)]),
    ]);
    await merged.next();
    await merged.return(undefined);
    assert.deepEqual(closed, ['a', 'b']);
  });
});

describe('interleaving lines', () => {
  it('gives what comes from every source, and ends with the last of them', async () => {
    const merged = interleave(
      [source([], 'a', [line('a1', 1)], [line('a2', 1)]), source([], 'b', [line('b1', 1)])],
      () => {},
    );
    assert.deepEqual((await textsOf(merged)).toSorted(), ['a1', 'a2', 'b1']);
  });

  it('tells the sources to stop, and waits for them, when the reader has enough', async () => {
    const closed: string[] = [];
    let stop = (): void => {};
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    async function* endless(): Batches {
      yield [line('first', 1)];
      await stopped;
      closed.push('endless');
    }
    const merged = interleave([endless(), endless()], () => stop());
    await merged.next();
    await merged.return(undefined);
    assert.deepEqual(closed, ['endless', 'endless']);
  });

  it('fails when a source fails', async () => {
    async function* broken(): Batches {
      yield [line('fine', 1)];
      throw new Error('broken');
    }
    await assert.rejects(textsOf(interleave([broken()], () => {})), /broken/);
  });
});
