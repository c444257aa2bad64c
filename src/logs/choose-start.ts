import { openSync, closeSync, readSync } from 'node:fs';
import { observeLive } from './live-file.ts';
import { readChunks } from './read-chunks.ts';
import { CURRENT, indexPath, listSegments, type Segment } from './segments.ts';
import { offsetSince, readIndex } from './time-index.ts';

/** Where reading begins: an offset in one generation of a log. With `isInLine`, maybe half-way through a line. */
export type Place = { readonly generation: number; readonly offset: number; readonly isInLine: boolean };

export const BEGINNING: Place = { generation: 0, offset: 0, isInLine: false };

export const isBefore = (a: Place, b: Place): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.offset < b.offset);

/** Every generation a log has, oldest first, the current one last. */
export const generationsOf = (path: string): readonly number[] => [
  ...new Set([...listSegments(path).map(({ generation }) => generation), CURRENT]),
];

/** Where that begins which was written at `since` or later, to about a second. */
export const placeSince = (path: string, since: number): Place => {
  // A generation's name is the time of its end.
  const generation = generationsOf(path).find((each) => each >= since) ?? CURRENT;
  const live = generation === CURRENT ? observeLive(path) : null;
  if (live && live.mtimeMs < since) return { generation, offset: live.size, isInLine: true };
  const offset = offsetSince(readIndex(indexPath(path, generation)), since);
  return { generation, offset, isInLine: true };
};

/**
 * Where the last `count` lines begin, not before `floor`. The file is read backwards in blocks; archives only where
 * it does not have enough, the newest first.
 */
export const placeOfTail = async (path: string, count: number, floor: Place = BEGINNING): Promise<Place> => {
  let missing = count;
  let place: Place = { generation: CURRENT, offset: observeLive(path)?.size ?? 0, isInLine: false };
  if (missing === 0) return place;
  for (const range of rangesBackwards(path)) {
    const from = range.generation === floor.generation ? Math.max(range.from, floor.offset) : range.from;
    if (range.generation < floor.generation) break;
    if (from >= range.to) continue;
    const inRange = { ...range, from };
    const starts =
      range.kind === 'gz'
        ? await lineStartsForwards(path, inRange, missing)
        : lineStartsBackwards(range.path, inRange, missing);
    place = { generation: range.generation, offset: starts.oldest, isInLine: false };
    missing -= starts.count;
    if (missing === 0) break;
  }
  return place;
};

// Newest first; what is there twice, once.
const rangesBackwards = (path: string): (Segment | (Omit<Segment, 'kind'> & { kind: 'live' }))[] => {
  const segments = listSegments(path).filter(
    (each, index, all) =>
      each.from !== all[index - 1]?.from || each.generation !== all[index - 1]?.generation,
  );
  const live = observeLive(path);
  if (!live) return segments.toReversed();
  const archivedTo = segments.findLast(({ generation }) => generation === CURRENT)?.to ?? 0;
  const from = Math.min(live.size, Math.max(live.freed, archivedTo));
  return [{ path, kind: 'live', generation: CURRENT, from, to: live.size }, ...segments.toReversed()];
};

type Range = { readonly generation: number; readonly from: number; readonly to: number };
/** How many lines begin in a range, at most as many as are missing, and where the oldest of them does. */
type LineStarts = { readonly count: number; readonly oldest: number };

const BLOCK_BYTES = 64 * 1024;
const LINE_END = 10;

// The end of a line begins another one, but for the last byte of the range.
const lineStartsBackwards = (path: string, { from, to }: Range, missing: number): LineStarts => {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    let count = 0;
    for (let end = to - 1; end > from;) {
      const begin = Math.max(from, end - BLOCK_BYTES);
      const bytes = buffer.subarray(0, readSync(fd, buffer, 0, end - begin, begin));
      for (
        let at = bytes.lastIndexOf(LINE_END);
        at >= 0;
        at = at > 0 ? bytes.lastIndexOf(LINE_END, at - 1) : -1
      ) {
        count += 1;
        if (count === missing) return { count, oldest: begin + at + 1 };
      }
      end = begin;
    }
    return { count: count + 1, oldest: from };
  } finally {
    closeSync(fd);
  }
};

// Compressed ranges can only be read forwards: once to count, and once to find the place.
const lineStartsForwards = async (path: string, range: Range, missing: number): Promise<LineStarts> => {
  const total = await countStarts(path, range, Infinity);
  if (total.count <= missing) return total;
  const place = await countStarts(path, range, total.count - missing + 1);
  return { count: missing, oldest: place.last };
};

const countStarts = async (path: string, { generation, from, to }: Range, atMost: number) => {
  const starts = { count: 1, oldest: from, last: from };
  for await (const { offset, bytes } of readChunks(path, { generation, from })) {
    for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) {
      const start = offset + at + 1;
      if (start >= to || starts.count >= atMost) return starts;
      starts.count += 1;
      starts.last = start;
    }
    if (offset + bytes.length >= to) break;
  }
  return starts;
};
