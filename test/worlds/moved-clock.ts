// A clock that can be set while programs run, for those that are started with its variables (libfaketime(1)). Nothing else
// on this host notices; the kernel's own times, those of files among them, stay as they are.
import { existsSync, globSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStat } from '../../src/kit/process-identity.ts';

export type MovedClock = {
  readonly env: NodeJS.ProcessEnv;
  /** Sets it beside the host's own, from now on. */
  readonly setBy: (ms: number) => void;
  /** What it shows, epoch milliseconds. */
  readonly now: () => number;
  /** Once all that saw it are gone. */
  readonly close: () => void;
};

/** Why this host can not have one; null where it can. */
export const whyNoMovedClock = (): string | null =>
  findLibrary() === null ? 'libfaketime is not installed (Debian: faketime)' : null;

export const openMovedClock = (folder: string): MovedClock => {
  const path = join(folder, 'clock');
  let byMs = 0;
  const setBy = (ms: number): void => {
    byMs = ms;
    // Whoever reads it meanwhile sees the old or the new.
    writeFileSync(`${path}.new`, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}\n`);
    renameSync(`${path}.new`, path);
  };
  setBy(0);
  return {
    env: {
      LD_PRELOAD: findLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: '1',
      // As on a real host: the clock that counts since the boot is set by nobody.
      DONT_FAKE_MONOTONIC: '1',
    },
    setBy,
    now: () => Date.now() + byMs,
    close: removeLeftovers,
  };
};

// Each process that loads the library makes itself shared memory, and leaves it there.
const removeLeftovers = (): void => {
  for (const path of globSync('/dev/shm/{,sem.}faketime_s{hm,em}_*')) {
    if (readStat(Number(path.split('_').at(-1))) === null) rmSync(path, { force: true });
  }
};

const findLibrary = (): string | null => {
  const found = globSync('/usr/lib*/{,*/}faketime/libfaketime.so.1');
  return found.find((path) => existsSync(path)) ?? null;
};
