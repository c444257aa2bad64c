import { closeSync, openSync, readFileSync, readSync, type Stats, statSync } from 'node:fs';
import { freedPath } from './segments.ts';

/** A log file as it is now. */
export type LiveFile = {
  readonly size: number;
  readonly identity: FileIdentity;
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
  const isReplaced = record !== null && !isOf(record, path, stat.size, identify(stat));
  return {
    size: stat.size,
    identity: identify(stat),
    mode: stat.mode & 0o777,
    mtimeMs: stat.mtimeMs,
    freed: record && !isReplaced ? record.offset : 0,
    isReplaced,
  };
};

/** Null where there is no such file. */
export const identityOf = (path: string): FileIdentity | null => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? identify(stat) : null;
};

/** Inode numbers are given away again at once; with the time of birth (0 where the filesystem keeps none) they are not. */
export type FileIdentity = string;

export const identify = ({ ino, birthtimeMs }: Stats): FileIdentity => `${ino}.${Math.floor(birthtimeMs)}`;

type FreedRecord = { readonly offset: number; readonly identity: FileIdentity };

export const freedRecord = (offset: number, identity: FileIdentity): string => `${offset} ${identity}\n`;

const readFreed = (path: string): FreedRecord | null => {
  let text: string;
  try {
    text = readFileSync(freedPath(path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const match = /^(\d+) (\d+\.\d+)\n/.exec(text);
  return match ? { offset: Number(match[1]), identity: match[2]! } : null;
};

// A state folder that was copied to another disk has other identities, but its holes.
const isOf = (record: FreedRecord, path: string, size: number, identity: FileIdentity): boolean =>
  size >= record.offset && (record.identity === identity || beginsWithNul(path));

const beginsWithNul = (path: string): boolean => {
  const fd = openSync(path, 'r');
  try {
    const first = Buffer.alloc(1, 1);
    return readSync(fd, first, 0, 1, 0) === 1 && first[0] === 0;
  } finally {
    closeSync(fd);
  }
};
