// A file system of a few megabytes and a few thousand files that a test can fill to the last of them (tmpfs(5)).
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type SmallDisk = {
  /** `bytes`: no file can grow. `files`: none can be made, nor a folder or link. What was freed since is taken again. */
  readonly fill: (what: 'bytes' | 'files') => void;
  readonly free: () => void;
  readonly unmount: () => void;
};

/** Why this host can not have one; null where it can. */
export const whyNoSmallDisk = (): string | null => {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  const tried = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return tried.status === 0 ? null : 'this host does not let root mount anything';
};

const FILES = 4_000;

export const mountSmallDisk = (folder: string, megabytes: number): SmallDisk => {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${megabytes}m,nr_inodes=${FILES},mode=750`,
    'tmpfs',
    folder,
  ]);
  const filler = join(folder, 'filler');
  let made = 0;
  return {
    fill: (what) => {
      mkdirSync(filler, { recursive: true });
      if (what === 'files')
        return untilFull(() => closeSync(openSync(join(filler, String((made += 1))), 'w')));
      const fd = openSync(join(filler, 'bytes'), 'a');
      for (const size of [1_048_576, 65_536, 4_096, 512, 1]) {
        const bytes = Buffer.alloc(size, 'x');
        untilFull(() => writeSync(fd, bytes));
      }
      closeSync(fd);
    },
    free: () => rmSync(filler, { recursive: true, force: true }),
    // Lazily: what a failed test left may still have a file open there.
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  };
};

const untilFull = (write: () => void): void => {
  try {
    for (;;) write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
};
