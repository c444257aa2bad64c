import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../model/error.ts';

/** Absolute paths, so that a program's own PATH never decides what the shim calls. */
export type Tools = {
  readonly sh: string;
  readonly setsid: string;
  readonly env: string;
  /** Null: life lines are plain files, read by the sweep. */
  readonly mkfifo: string | null;
  /** Null: nothing can run as another user. */
  readonly setpriv: string | null;
  readonly getent: string | null;
};

const STANDARD = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Failure `driver.tool-missing` where the system lacks one that nothing works without. */
export const findTools = (options: { readonly folders?: readonly string[] } = {}): Tools => {
  const folders = options.folders ?? `${STANDARD}:${process.env.PATH ?? ''}`.split(':');
  const find = (name: string): string | null =>
    folders
      .filter((folder) => folder.startsWith('/'))
      .map((folder) => join(folder, name))
      .find(isExecutable) ?? null;
  const need = (name: string): string => {
    const found = find(name);
    if (found) return found;
    throw new Failure(
      'driver.tool-missing',
      `Cannot run programs on this host: it has no "${name}", which starts every one of them`,
      { fix: `install "${name}" (Debian: apt-get install coreutils util-linux)` },
    );
  };
  return {
    sh: need('sh'),
    setsid: need('setsid'),
    env: need('env'),
    mkfifo: find('mkfifo'),
    setpriv: find('setpriv'),
    getent: find('getent'),
  };
};

/** By this process's own user. */
export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return false;
    throw error;
  }
};
