import { spawn } from 'node:child_process';
import { closeSync, fstatSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { exhaustionOf } from '../model/error.ts';
import { type FileIdentity, identify } from './live-file.ts';

/**
 * Gives the blocks of the first `length` bytes back; size and offsets stay (fallocate(1), fallocate(2)
 * FALLOC_FL_PUNCH_HOLE). Whole blocks only, so that the one in which the live part begins is never written to. Idempotent.
 * Throws what the program said, and where the path names another file by now.
 */
export const punchHole = async (path: string, length: number, identity: FileIdentity): Promise<void> => {
  const fd = openSync(path, 'r+');
  try {
    const stat = fstatSync(fd);
    if (identify(stat) !== identity || stat.size < length)
      throw new Error('it was replaced or emptied meanwhile');
    const whole = length - (length % stat.blksize);
    if (whole > 0) await fallocate(fd, whole);
  } finally {
    closeSync(fd);
  }
};

/**
 * Whether files of this folder can have holes; found out by making one in a file of its own. On a full disk there is no
 * finding out, and nothing would be worse than not to try.
 */
export const canPunchHoles = async (folder: string): Promise<boolean> => {
  // Always the same name: what an agent that was killed here left does not pile up.
  const path = join(folder, '.hole.tmp');
  try {
    const fd = openSync(path, 'w', 0o600);
    try {
      writeSync(fd, Buffer.alloc(PROBE_BYTES, 1));
      // Before that there may be no blocks to give back.
      fsyncSync(fd);
      const before = fstatSync(fd).blocks;
      await fallocate(fd, PROBE_BYTES);
      return fstatSync(fd).blocks < before;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof NotPunched) return false;
    if (isFull(error)) return true;
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
};

const PROBE_BYTES = 256 * 1024;

export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

// It is not installed, or the filesystem does not do it.
class NotPunched extends Error {}

const PATIENCE_MS = 60_000;

// The program gets the open file, not its name: between a look and the punch a name can come to mean another file.
const fallocate = (fd: number, length: number): Promise<void> =>
  new Promise((done, failed) => {
    const args = [
      '--punch-hole',
      '--keep-size',
      '--offset',
      '0',
      '--length',
      String(length),
      '/proc/self/fd/3',
    ];
    const child = spawn('fallocate', args, { stdio: ['ignore', 'ignore', 'pipe', fd], timeout: PATIENCE_MS });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // A host that lacks something for a moment says nothing about its filesystem.
    child.on('error', (error) =>
      failed(exhaustionOf(error) === null ? new NotPunched(error.message) : error),
    );
    child.on('close', (code) => {
      if (code === 0) done();
      else failed(new NotPunched(said.trim() || `fallocate ended with ${code ?? 'a signal'}`));
    });
  });
