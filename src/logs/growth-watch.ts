import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../ports/clock.ts';

export type GrowthWatch = {
  /** Resolves when the file may have changed, at the latest after the poll interval, at once when the signal aborts. */
  readonly changed: () => Promise<void>;
  readonly close: () => void;
};

/** The backstop: a file that is not there yet can not be watched, and on some filesystems nothing can. */
const POLL_MS = 250;

export const watchGrowth = (path: string, clock: Clock, signal: AbortSignal): GrowthWatch => {
  let watcher: FSWatcher | null = null;
  let hasChanged = false;
  let wake = (): void => {};
  const notice = (): void => {
    hasChanged = true;
    wake();
  };
  const drop = (): void => {
    watcher?.close();
    watcher = null;
  };

  const tryWatch = (): void => {
    try {
      watcher = watch(path, { persistent: false });
      // `rename`: what this watches is no longer at the path, and the next round watches what is.
      watcher.on('change', (event) => {
        if (event === 'rename') drop();
        notice();
      });
      watcher.on('error', drop);
    } catch {
      // Not there, or the kernel has no watches left: the poll does.
      watcher = null;
    }
  };

  signal.addEventListener('abort', notice);
  return {
    changed: async () => {
      if (!watcher) tryWatch();
      if (!hasChanged && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const cancel = clock.timer(POLL_MS, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
      }
      hasChanged = false;
    },
    close: () => {
      signal.removeEventListener('abort', notice);
      drop();
    },
  };
};
