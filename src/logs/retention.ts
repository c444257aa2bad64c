import { closeSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../model/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogFile, LogRetention } from '../ports/log-book.ts';
import { archiveRange, writeRecord } from './archive-range.ts';
import { freedRecord, identityOf, type LiveFile, observeLive } from './live-file.ts';
import { canPunchHoles, isFull, punchHole } from './punch-hole.ts';
import {
  CURRENT,
  freedPath,
  indexPath,
  listSegments,
  nextGeneration,
  retireGeneration,
  segmentPath,
} from './segments.ts';

export type Retention = {
  /** See LogBook.retain. One at a time per file: a second call gets the first one's answer. */
  readonly retain: (file: LogFile, retention: LogRetention) => Promise<boolean>;
  /**
   * For a file whose program does not run: where holes can not be punched and it is over `logBytes`, renames it, so that
   * the next start begins a new one and `retain` compresses the old one. True where it did. Lines stay readable.
   */
  readonly rotateAtRestart: (file: LogFile, retention: LogRetention) => Promise<boolean>;
};

/** Copied out at a time: what a crash can make be copied again. */
const PIECE_BYTES = 16 * 1024 * 1024;

export const createRetention = (clock: Clock): Retention => {
  const running = new Map<string, Promise<boolean>>();
  const punchedTo = new Map<string, number>();
  const punching = new Map<number, Promise<boolean>>();
  // Files that hold no more than they may, and were looked through once: with what limit of archives.
  const settled = new Map<string, number>();

  // Of the filesystem, asked once.
  const canFree = async (folder: string): Promise<boolean> => {
    const device = statSync(folder, { throwIfNoEntry: false })?.dev;
    if (device === undefined) return true;
    const known = punching.get(device) ?? canPunchHoles(folder);
    punching.set(device, known);
    known.catch(() => punching.delete(device));
    return known;
  };

  // The offset is on disk before the blocks go: a crash between the two leaves a range twice, and the next run frees it.
  const free = async (path: string, live: LiveFile, to: number): Promise<void> => {
    if (identityOf(path) !== live.identity) throw new Error('it was replaced meanwhile');
    if (to > live.freed) await writeRecord(freedPath(path), freedRecord(to, live.identity), 0o644);
    if (to <= (punchedTo.get(path) ?? 0)) return;
    await punchHole(path, to, live.identity);
    punchedTo.set(path, to);
  };

  const retainOne = async (path: string, retention: LogRetention): Promise<boolean> => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= retention.logBytes && settled.get(path) === retention.archiveBytes)
      return canFree(dirname(path));
    await compressRenamed(path);
    dropOldest(path, retention.archiveBytes);
    let live = observeLive(path);
    if (live && (live.isReplaced || archivedTo(path, 0) > live.size)) {
      retireGeneration(path, nextGeneration(path, clock.now()));
      punchedTo.delete(path);
      live = observeLive(path);
    }
    if ((live?.size ?? 0) <= retention.logBytes) settled.set(path, retention.archiveBytes);
    else settled.delete(path);
    if (!(await canFree(dirname(path)))) return false;
    if (!live) return true;
    // An archive beyond the committed offset: a crash came between the two.
    let freed = Math.max(live.freed, archivedTo(path, live.freed));
    await free(path, live, freed);
    if (live.size - freed <= retention.logBytes) return true;
    const goal = live.size - Math.floor(retention.logBytes / 2);
    while (freed < goal) {
      const to = cutPoint(path, freed, Math.min(goal, freed + PIECE_BYTES));
      if (to === null) break;
      await copyOut(path, { from: freed, to, mode: live.mode }, retention.archiveBytes);
      await free(path, live, to);
      freed = to;
      dropOldest(path, retention.archiveBytes);
    }
    return true;
  };

  return {
    retain: ({ path }, retention) => {
      const already = running.get(path);
      if (already) return already;
      const run = retainOne(path, retention)
        .catch((error: unknown) => {
          throw cannotRetain(path, error);
        })
        .finally(() => running.delete(path));
      running.set(path, run);
      return run;
    },
    rotateAtRestart: async ({ path }, retention) => {
      const live = observeLive(path);
      if (!live || live.size - live.freed <= retention.logBytes) return false;
      if (await canFree(dirname(path))) return false;
      settled.delete(path);
      renameAway(path, live, clock.now());
      return true;
    },
  };
};

// The file goes last: after a crash before that it is still the current one, after its older ranges.
const renameAway = (path: string, live: LiveFile, now: number): void => {
  const generation = nextGeneration(path, now);
  retireGeneration(path, generation);
  renameSync(path, segmentPath(path, { kind: 'raw', generation, from: live.freed, to: live.size }));
};

const archivedTo = (path: string, freed: number): number =>
  listSegments(path)
    .filter(({ generation }) => generation === CURRENT)
    .reduce((to, segment) => (segment.from <= to && segment.to > to ? segment.to : to), freed);

const copyOut = async (
  path: string,
  range: { readonly from: number; readonly to: number; readonly mode: number },
  archiveBytes: number,
): Promise<void> => {
  if (archiveBytes === 0) return;
  const archive = segmentPath(path, { kind: 'gz', generation: CURRENT, from: range.from, to: range.to });
  try {
    await archiveRange({ path, ...range }, archive);
  } catch (error) {
    if (!isFull(error)) throw error;
    // A full disk: the oldest archive makes room for the newest, for nothing can be freed before it is copied.
    const [oldest] = listSegments(path);
    if (!oldest) throw error;
    rmSync(oldest.path, { force: true });
    await archiveRange({ path, ...range }, archive);
  }
};

const SEARCH_BYTES = 64 * 1024;

// After the last line end before `goal`. A line longer than a whole piece is cut where it is, and reading joins the two parts.
const cutPoint = (path: string, from: number, goal: number): number | null => {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(SEARCH_BYTES);
    for (let end = goal; end > from;) {
      const begin = Math.max(from, end - SEARCH_BYTES);
      const bytes = buffer.subarray(0, readSync(fd, buffer, 0, end - begin, begin));
      const at = bytes.lastIndexOf(10);
      if (at >= 0) return begin + at + 1;
      end = begin;
    }
    return goal - from < PIECE_BYTES ? null : goal;
  } finally {
    closeSync(fd);
  }
};

const compressRenamed = async (path: string): Promise<void> => {
  const segments = listSegments(path);
  for (const segment of segments.filter(({ kind }) => kind === 'raw')) {
    const archive = segmentPath(path, { ...segment, kind: 'gz' });
    const isDone = segments.some((each) => each.path === archive);
    const { mode } = statSync(segment.path);
    if (!isDone && segment.to > segment.from) {
      await archiveRange(
        { path: segment.path, from: segment.from, to: segment.to, mode: mode & 0o777 },
        archive,
      );
    }
    rmSync(segment.path, { force: true });
  }
};

const dropOldest = (path: string, archiveBytes: number): void => {
  const archives = listSegments(path).filter(({ kind }) => kind === 'gz');
  const sizes = archives.map((archive) => statSync(archive.path).size);
  let excess = sizes.reduce((sum, size) => sum + size, 0) - archiveBytes;
  archives.forEach((archive, index) => {
    if (excess <= 0) return;
    rmSync(archive.path, { force: true });
    excess -= sizes[index]!;
    const isLastOfIts = archives[index + 1]?.generation !== archive.generation;
    if (archive.generation !== CURRENT && isLastOfIts) {
      rmSync(indexPath(path, archive.generation), { force: true });
    }
  });
};

const cannotRetain = (path: string, error: unknown): Failure => {
  const why = error instanceof Error ? error.message : String(error);
  return new Failure(
    'logs.not-retained',
    `Cannot free the old part of log "${path}": it stays as it is, nothing is lost`,
    {
      why,
      fix: 'make room on the disk, or see that the folder of the logs can be written',
      cause: error,
    },
  );
};
