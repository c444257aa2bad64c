import { execFile } from 'node:child_process';
import { openSync, closeSync, rmSync, statSync, writeSync, fsyncSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Gives the blocks of the first `length` bytes back; size and offsets stay (fallocate(1), fallocate(2)
 * FALLOC_FL_PUNCH_HOLE). Whole blocks only, so that the one in which the live part begins is never written to. Idempotent.
 * Throws what the program said.
 */
export const punchHole = (path: string, length: number, blockBytes: number): Promise<void> => {
  const whole = length - (length % blockBytes);
  return whole === 0 ? Promise.resolve() : fallocate(path, whole);
};

/** Whether files of this folder can have holes; found out by making one in a file of its own. */
export const canPunchHoles = async (folder: string): Promise<boolean> => {
  const path = join(folder, `.hole-${process.pid}.tmp`);
  try {
    const fd = openSync(path, 'w', 0o600);
    try {
      writeSync(fd, Buffer.alloc(PROBE_BYTES, 1));
      // Before that there may be no blocks to give back.
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    const before = statSync(path).blocks;
    await fallocate(path, PROBE_BYTES);
    return statSync(path).blocks < before;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
};

const PROBE_BYTES = 1024 * 1024;

const fallocate = (path: string, length: number): Promise<void> =>
  new Promise((done, failed) => {
    const args = ['--punch-hole', '--keep-size', '--offset', '0', '--length', String(length), path];
    execFile('fallocate', args, { timeout: 60_000 }, (error) => (error ? failed(error) : done()));
  });

// It is not installed (ENOENT), or ended with an exit code of its own: the filesystem does not do it.
const isRefusal = (error: unknown): boolean => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (code === 'ENOENT' && syscall?.startsWith('spawn') === true) || typeof code === 'number';
};
