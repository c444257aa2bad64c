import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { freedPath } from './segments.ts';

/** A log file as it is now. */
export type LiveFile = {
  readonly size: number;
  readonly inode: number;
  readonly mode: number;
  readonly mtimeMs: number;
  /** Everything before this offset was copied out; it may be a hole. */
  readonly freed: number;
  /** A record of what was freed is there, but of another file: this one was replaced or emptied. */
  readonly isReplaced: boolean;
};

/** Null where there is no such file. */
export const observeLive = (path: string): LiveFile | null => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  const record = readFreed(path);
  const isReplaced = record !== null && !isOf(record, path, stat.size, stat.ino);
  return {
    size: stat.size,
    inode: stat.ino,
    mode: stat.mode & 0o777,
    mtimeMs: stat.mtimeMs,
    freed: record && !isReplaced ? record.offset : 0,
    isReplaced,
  };
};

export const inodeOf = (path: string): number | null =>
  statSync(path, { throwIfNoEntry: false })?.ino ?? null;

type FreedRecord = { readonly offset: number; readonly inode: number };

export const freedRecord = (offset: number, inode: number): string => `${offset} ${inode}\n`;

const readFreed = (path: string): FreedRecord | null => {
  let text: string;
  try {
    text = readFileSync(freedPath(path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const match = /^(\d+) (\d+)\n/.exec(text);
  return match ? { offset: Number(match[1]), inode: Number(match[2]) } : null;
};

// A state folder that was copied to another disk has other inodes, but its hole.
const isOf = (record: FreedRecord, path: string, size: number, inode: number): boolean =>
  size >= record.offset && (record.inode === inode || beginsWithNul(path));

const beginsWithNul = (path: string): boolean => {
  const fd = openSync(path, 'r');
  try {
    const first = Buffer.alloc(1, 1);
    return readSync(fd, first, 0, 1, 0) === 1 && first[0] === 0;
  } finally {
    closeSync(fd);
  }
};
