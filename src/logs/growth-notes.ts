import { appendFileSync, globSync, readFileSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { wordsOf } from '../model/error.ts';
import type { LogFile } from '../ports/log-book.ts';
import { type FileIdentity, identify } from './live-file.ts';
import { CURRENT, indexPath, listSegments, nextGeneration, retireGeneration } from './segments.ts';
import { parseIndex, renderRecord, thinIndex, type TimeRecord } from './time-index.ts';

/** Beyond this an index is thinned: about ten thousand records, three hours of a file that never rests. */
const INDEX_BYTES = 256 * 1024;

/** A file that could not be noted is passed over for so many rounds: a full disk stays full for a while. */
const ROUNDS_PASSED = 10;

/** Clocks differ by less, also the kernel's own and that of its files. */
const SET_BACK_MS = 2000;

type Trouble = { readonly words: string; readonly round: number };

/** A file that has rested for so many rounds is looked at in one round of four: most files rest most of the time. */
const RESTED_ROUNDS = 10;
const RESTING_ROUNDS = 4;

type Noted = {
  readonly identity: FileIdentity;
  readonly last: TimeRecord;
  readonly indexBytes: number;
  /** The round in which it had last grown, or was first seen. */
  readonly grewIn: number;
};

/**
 * Notes how long files are, one round a second. One stat a file, and one small write where it grew: several hundred files
 * are a few milliseconds, so this is not worth a thread. A file that can not be noted is reported, and the others are noted.
 */
export const createGrowthNotes = (log: (words: string) => void) => {
  const noted = new Map<string, Noted>();
  const troubled = new Map<string, Trouble>();
  let round = 0;

  const noteOne = (path: string, now: number): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    let before = noted.get(path) ?? { ...openIndex(path, stat), grewIn: round };
    if (stat.size < before.last.offset || identify(stat) !== before.identity) {
      retireGeneration(path, nextGeneration(path, now));
      before = { ...openIndex(path, stat), grewIn: round };
    }
    if (before.last.at - now > SET_BACK_MS) {
      setBack(dirname(path), now);
      before = { ...openIndex(path, stat), grewIn: round };
    }
    if (stat.size === before.last.offset) {
      noted.set(path, before);
      return;
    }
    // A burst before the agent was there happened when the file was last written, not now.
    const at = Math.max(before.last.at, Math.min(now, Math.floor(stat.mtimeMs)));
    const last = { at, offset: stat.size };
    const record = renderRecord(last);
    appendFileSync(indexPath(path, CURRENT), record, { mode: stat.mode & 0o666 });
    const indexBytes = before.indexBytes + record.length;
    noted.set(path, {
      identity: identify(stat),
      last,
      indexBytes: indexBytes > INDEX_BYTES ? compact(path, stat) : indexBytes,
      grewIn: round,
    });
  };

  const isResting = (note: Noted | undefined): boolean =>
    note !== undefined && round - note.grewIn > RESTED_ROUNDS;

  return (files: readonly LogFile[], now: number): void => {
    round += 1;
    for (const [at, { path }] of files.entries()) {
      // By its place, so that resting files do not all have the same round.
      if (isResting(noted.get(path)) && (round + at) % RESTING_ROUNDS > 0) continue;
      const trouble = troubled.get(path);
      if (trouble && round < trouble.round + ROUNDS_PASSED) continue;
      try {
        noteOne(path, now);
        troubled.delete(path);
      } catch (error) {
        // Read again next time: the record may be torn.
        noted.delete(path);
        const words = `Cannot note the length of log "${path}": ${wordsOf(error)}`;
        // A trouble that lasts must not fill the log.
        if (words !== trouble?.words) log(words);
        troubled.set(path, { words, round });
      }
    }
    if (noted.size + troubled.size > 2 * files.length + 16) {
      const wanted = new Set(files.map(({ path }) => path));
      for (const known of [noted, troubled])
        for (const path of known.keys()) if (!wanted.has(path)) known.delete(path);
    }
  };
};

const NONE: TimeRecord = { at: 0, offset: 0 };

// A torn record at the end would run into the next one: it is taken out first.
const openIndex = (path: string, stat: Stats): Omit<Noted, 'grewIn'> => {
  const text = readOrEmpty(indexPath(path, CURRENT));
  const records = parseIndex(text);
  if (text !== '' && !text.endsWith('\n')) writeIndex(path, records, stat.mode);
  return { identity: identify(stat), last: records.at(-1) ?? NONE, indexBytes: text.length };
};

// What is on record as later than now was written before now all the same, also by copies that are gone.
const setBack = (folder: string, now: number): void => {
  for (const name of globSync('*.index', { cwd: folder })) {
    const path = join(folder, name);
    const records = parseIndex(readOrEmpty(path));
    const moved = records.map(({ at, offset }) => ({ at: Math.min(at, now), offset }));
    if (moved.at(-1)?.at !== records.at(-1)?.at)
      writeFileAtomic(path, moved.map(renderRecord).join(''), statSync(path).mode & 0o666);
  }
};

const compact = (path: string, { mode }: Stats): number => {
  const records = parseIndex(readOrEmpty(indexPath(path, CURRENT)));
  const oldest = listSegments(path).find(({ generation }) => generation === CURRENT)?.from ?? 0;
  return writeIndex(path, thinIndex(records, oldest), mode);
};

const writeIndex = (path: string, records: readonly TimeRecord[], mode: number): number => {
  const text = records.map(renderRecord).join('');
  writeFileAtomic(indexPath(path, CURRENT), text, mode & 0o666);
  return text.length;
};

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};
