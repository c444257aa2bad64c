import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

// sun_path holds 108 bytes with its end (unix(7)).
const LONGEST = 107;

/**
 * Calls `use` with a path to the socket `name` in `folder` that the kernel accepts: a path that is too long goes
 * through a descriptor of the folder (proc(5), /proc/self/fd). `done` closes that descriptor, after bind or connect.
 */
export const withSocketPath = <T>(
  folder: string,
  name: string,
  use: (path: string, done: () => void) => T,
): T => {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= LONGEST || !existsSync('/proc/self/fd')) return use(path, () => undefined);
  const fd = openSync(folder, 'r');
  let isOpen = true;
  const done = (): void => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  try {
    return use(`/proc/self/fd/${fd}/${name}`, done);
  } catch (error) {
    done();
    throw error;
  }
};
