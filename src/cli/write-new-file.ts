import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../kit/atomic-file.ts';

/**
 * Writes a file that is not there yet, whole or not at all. False where something of that name is there, a dangling
 * link too, and then that is untouched: rename(2) would replace it, link(2) does not.
 */
export const writeNewFile = (path: string, text: string): boolean => {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const fd = openSync(aside, 'wx', 0o644);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A filesystem without hard links, a FAT stick for example: exclusive, at least.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    return writeExclusive(path, text);
  } finally {
    rmSync(aside, { force: true });
  }
  syncFolder(dirname(path));
  return true;
};

const writeExclusive = (path: string, text: string): boolean => {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};
