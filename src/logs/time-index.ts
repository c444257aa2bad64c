import { readFileSync } from 'node:fs';

/** At that time the file was that long. */
export type TimeRecord = { readonly at: number; readonly offset: number };

/** When a line that begins at this offset was written; offsets are asked for in any order. Null where nobody noted. */
export type Timeline = (offset: number) => number | null;

export const renderRecord = ({ at, offset }: TimeRecord): string => `${at} ${offset}\n`;

/** Whole records in rising order; what a crash tore, or a clock that went back, is left out. */
export const parseIndex = (text: string): readonly TimeRecord[] => {
  const records: TimeRecord[] = [];
  const lines = text.split('\n');
  lines.pop();
  for (const line of lines) {
    const match = /^(\d{1,15}) (\d{1,15})$/.exec(line);
    if (!match) continue;
    const record = { at: Number(match[1]), offset: Number(match[2]) };
    const last = records.at(-1);
    if (!last || (record.at >= last.at && record.offset > last.offset)) records.push(record);
  }
  return records;
};

export const readIndex = (path: string): readonly TimeRecord[] => {
  try {
    return parseIndex(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/**
 * Keeps the second half as it is and every other record of the first, so that old times get coarser and none is lost
 * for good; of what is before `oldestOffset` only the last.
 */
export const thinIndex = (records: readonly TimeRecord[], oldestOffset: number): readonly TimeRecord[] => {
  const firstKept = Math.max(
    0,
    records.findLastIndex(({ offset }) => offset <= oldestOffset),
  );
  const needed = records.slice(firstKept);
  const half = Math.floor(needed.length / 2);
  return needed.filter((_, index) => index >= half || index % 2 === 0);
};

/** `tailAt`: the time of what was written after the last record. */
export const createTimeline = (records: readonly TimeRecord[], tailAt: number): Timeline => {
  if (records.length === 0) return () => null;
  let near = 0;
  return (offset) => {
    // Lines come in order: the record is the one of the line before, or soon after it.
    if (near > 0 && records[near - 1]!.offset > offset) near = 0;
    while (near < records.length && records[near]!.offset <= offset) near += 1;
    return records[near]?.at ?? Math.max(tailAt, records.at(-1)!.at);
  };
};

/** Everything written at `since` or later begins at or after this offset. */
export const offsetSince = (records: readonly TimeRecord[], since: number): number =>
  records.findLast(({ at }) => at < since)?.offset ?? 0;
