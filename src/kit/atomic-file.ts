import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, basename } from 'node:path';

/**
 * Writes a file so that a reader, or a crash, sees the old content or the new, never a part:
 * written aside, synced, renamed. `mode` is set before the content is there. One process at a time may write a file: what
 * one that was killed left aside is in the way of none, and does not pile up.
 */
export const writeFileAtomic = (path: string, content: string | Uint8Array, mode = 0o644): void => {
  const aside = join(dirname(path), `.${basename(path)}.tmp`);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  try {
    rmSync(aside, { force: true });
    const fd = openSync(aside, 'wx', mode);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
};

/** Makes renames and removals in a folder last. */
export const syncFolder = (folder: string): void => {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

export const ensureFolder = (path: string, mode = 0o755): void => {
  mkdirSync(path, { recursive: true, mode });
};
