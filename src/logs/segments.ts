// The files beside a log file `<log>`, and nothing else knows their names:
//   <log>.index                          when the file was how long: `<epoch ms> <bytes>` a line
//   <log>.freed                          up to where it was copied out: `<offset> <identity of the file>`
//   <log>.<from>-<to>.gz                 an older range, compressed
//   <log>.<generation>.<from>-<to>.gz    the same of a file that was renamed or replaced at that time (epoch ms)
//   <log>.<generation>.<from>-<to>.raw   that file itself, not yet compressed
//   <log>.<generation>.index             and its times
// Offsets are those of the file the bytes were written to, and stay so.
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type Segment = {
  readonly path: string;
  readonly kind: 'gz' | 'raw';
  /** Epoch milliseconds; CURRENT for ranges of the file as it is now. */
  readonly generation: number;
  readonly from: number;
  readonly to: number;
};

export const CURRENT = Number.MAX_SAFE_INTEGER;

export const freedPath = (path: string): string => `${path}.freed`;

export const indexPath = (path: string, generation: number): string =>
  generation === CURRENT ? `${path}.index` : `${path}.${generation}.index`;

export const segmentPath = (path: string, segment: Omit<Segment, 'path'>): string => {
  const { kind, generation, from, to } = segment;
  return `${path}.${generation === CURRENT ? '' : `${generation}.`}${from}-${to}.${kind}`;
};

/** Oldest first. Where a range is there twice, raw and compressed, the compressed one comes first. */
export const listSegments = (path: string): readonly Segment[] => {
  const prefix = `${basename(path)}.`;
  const segments: Segment[] = [];
  for (const name of listFolder(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const match = SEGMENT.exec(name.slice(prefix.length));
    if (!match) continue;
    segments.push({
      path: join(dirname(path), name),
      kind: match[4] as Segment['kind'],
      generation: match[1] === undefined ? CURRENT : Number(match[1]),
      from: Number(match[2]),
      to: Number(match[3]),
    });
  }
  return segments.toSorted(
    (a, b) => a.generation - b.generation || a.from - b.from || a.kind.localeCompare(b.kind),
  );
};

/**
 * The name of the generation that ends now: the time, and always after those that are there, for a clock can be set back
 * and the oldest go first.
 */
export const nextGeneration = (path: string, now: number): number => {
  const newest = listSegments(path).findLast(({ generation }) => generation !== CURRENT);
  return Math.max(now, (newest?.generation ?? 0) + 1);
};

/**
 * From now on the ranges and times of the current file are those of an older generation. A crash on the way leaves
 * each range under one name or the other, and the next call goes on.
 */
export const retireGeneration = (path: string, generation: number): void => {
  for (const segment of listSegments(path)) {
    if (segment.generation === CURRENT)
      renameSync(segment.path, segmentPath(path, { ...segment, generation }));
  }
  moveIfThere(indexPath(path, CURRENT), indexPath(path, generation));
  rmSync(freedPath(path), { force: true });
};

const SEGMENT = /^(?:(\d{1,15})\.)?(\d{1,15})-(\d{1,15})\.(gz|raw)$/;

const listFolder = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

const moveIfThere = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
};
