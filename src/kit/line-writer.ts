import { writeSync } from 'node:fs';

export type LineWriter = { readonly write: (line: string) => void };

export type LineWriterOptions = {
  /** A descriptor that is open for writing. */
  readonly fd: number;
  /** The line, with its end, that says how many are missing before it. */
  readonly gap: (dropped: number) => string;
  readonly writeBytes?: (fd: number, bytes: Buffer) => number;
};

/**
 * Writes the lines of a process's own log. One that can not be written, because the disk is full or nobody reads any
 * more, is dropped and counted: the process must not die of it, and its memory is no place to keep them.
 */
export const createLineWriter = ({ fd, gap, writeBytes = writeSync }: LineWriterOptions): LineWriter => {
  let dropped = 0;
  /** The last line is there in part. */
  let isTorn = false;
  const write = (line: string): boolean => {
    const bytes = Buffer.from(line);
    try {
      for (let at = 0; at < bytes.length;) {
        at += writeBytes(fd, bytes.subarray(at));
        isTorn = at < bytes.length;
      }
      return true;
    } catch {
      return false;
    }
  };
  return {
    write: (line) => {
      const before = `${isTorn ? '\n' : ''}${dropped === 0 ? '' : gap(dropped)}`;
      if (write(before + line)) dropped = 0;
      else dropped += 1;
    },
  };
};
