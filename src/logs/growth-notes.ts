import { appendFileSync, readFileSync, statSync, type Stats } from 'node:fs';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import type { LogFile } from '../ports/log-book.ts';
import { type FileIdentity, identify } from './live-file.ts';
import { CURRENT, indexPath, listSegments, retireGeneration } from './segments.ts';
import { parseIndex, renderRecord, thinIndex, type TimeRecord } from './time-index.ts';

/** Beyond this an index is thinned: about ten thousand records, three hours of a file that never rests. */
const INDEX_BYTES = 256 * 1024;

type Noted = { readonly identity: FileIdentity; readonly last: TimeRecord; readonly indexBytes: number };

/**
 * Notes how long files are. One stat a file and second, and one small write where it grew: several hundred files are
 * a few milliseconds, so this is not worth a thread. A file that can not be noted is reported, and the others are noted.
 */
export const createGrowthNotes = (log: (words: string) => void) => {
  const noted = new Map<string, Noted>();

  const noteOne = (path: string, now: number): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    let before = noted.get(path) ?? openIndex(path, stat);
    if (stat.size < before.last.offset || identify(stat) !== before.identity) {
      retireGeneration(path, now);
      before = openIndex(path, stat);
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
    });
  };

  return (files: readonly LogFile[], now: number): void => {
    for (const { path } of files) {
      try {
        noteOne(path, now);
      } catch (error) {
        // Read again next time: the record may be torn.
        noted.delete(path);
        log(`Cannot note the length of log "${path}": ${(error as Error).message}`);
      }
    }
    if (noted.size > 2 * files.length + 16) {
      const wanted = new Set(files.map(({ path }) => path));
      for (const path of noted.keys()) if (!wanted.has(path)) noted.delete(path);
    }
  };
};

const NONE: TimeRecord = { at: 0, offset: 0 };

// A torn record at the end would run into the next one: it is taken out first.
const openIndex = (path: string, stat: Stats): Noted => {
  const text = readOrEmpty(indexPath(path, CURRENT));
  const records = parseIndex(text);
  if (text !== '' && !text.endsWith('\n')) writeIndex(path, records, stat.mode);
  return { identity: identify(stat), last: records.at(-1) ?? NONE, indexBytes: text.length };
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
