// The groups of one run, as folders: who is in them, ending all of them, and whether memory ran out.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exhaustionOf } from '../../model/error.ts';

/** Folders by hierarchy; empty where the host has no groups for us. */
export type RunCgroup = {
  readonly unified?: string;
  readonly memory?: string;
  readonly pids?: string;
  readonly cpu?: string;
};

export const foldersOf = (cgroup: RunCgroup): readonly string[] =>
  [cgroup.unified, cgroup.memory, cgroup.pids, cgroup.cpu].filter((folder) => folder !== undefined);

/** Pids of the whole tree, with groups that the program made itself; null where no group can tell. */
export const membersOf = (cgroup: RunCgroup): readonly number[] | null => {
  const [folder] = foldersOf(cgroup);
  if (folder === undefined) return null;
  const lines = read(join(folder, 'cgroup.procs'));
  return lines === null ? null : [...pidsIn(lines), ...nestedIn(folder)];
};

/** Ends everything in the group with one write (kernel 5.14). False where that can not be done. */
export const killAll = (cgroup: RunCgroup): boolean => {
  if (cgroup.unified === undefined) return false;
  try {
    writeFileSync(join(cgroup.unified, 'cgroup.kill'), '1');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return false;
    throw error;
  }
};

/** Whether the kernel ended a process of it because its memory limit was reached; false where nobody can look. */
export const ranOutOfMemory = (cgroup: RunCgroup): boolean => {
  const folder = cgroup.memory ?? cgroup.unified;
  if (folder === undefined) return false;
  try {
    const counts = read(join(folder, cgroup.memory === undefined ? 'memory.events' : 'memory.oom_control'));
    return /^oom_kill [1-9]/m.test(counts ?? '');
  } catch (error) {
    // An end has to be told, also where there is no file descriptor to learn why.
    if (exhaustionOf(error) === null) throw error;
    return false;
  }
};

const nestedIn = (folder: string): readonly number[] =>
  foldersIn(folder).flatMap((name) => {
    const nested = join(folder, name);
    return [...pidsIn(read(join(nested, 'cgroup.procs')) ?? ''), ...nestedIn(nested)];
  });

const foldersIn = (folder: string): readonly string[] => {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

const pidsIn = (lines: string): readonly number[] => lines.split('\n').filter(Boolean).map(Number);

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP') return null;
    throw error;
  }
};
