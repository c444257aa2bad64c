// A limit on how many processes and threads a few processes may have together: a control group of their own (cgroups(7)).
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type ProcessLimit = {
  /** The process, with all its threads; what it starts from now on belongs to it too. */
  readonly take: (pid: number) => void;
  /** From now on no more than there are now, and `spare`; where that is less, what is there stays. */
  readonly leave: (spare: number) => void;
  readonly lift: () => void;
  /** Lets those that are left go. */
  readonly close: () => void;
};

/** Why this host can not have one; null where it can. */
export const whyNoProcessLimit = (): string | null => {
  if (process.getuid?.() !== 0) return 'only root can make a control group here';
  const top = findTop();
  if (top === null) return 'this host has no control group for the number of processes';
  try {
    rmdirSync(mkdtempSync(join(top, 'reeve-test-')));
    return null;
  } catch (error) {
    return `no control group can be made here (${(error as NodeJS.ErrnoException).code})`;
  }
};

export const openProcessLimit = (): ProcessLimit => {
  const top = findTop()!;
  const folder = mkdtempSync(join(top, 'reeve-test-'));
  const write = (file: string, value: number | string): void => writeFileSync(join(folder, file), `${value}`);
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    take: (pid) => write('cgroup.procs', pid),
    leave: (spare) => write('pids.max', Number(read('pids.current')) + spare),
    lift: () => write('pids.max', 'max'),
    close: () => {
      for (const pid of read('cgroup.procs').split('\n').filter(Boolean))
        writeFileSync(join(top, 'cgroup.procs'), pid);
      rmdirSync(folder);
    },
  };
};

// Of version 1 its own hierarchy; of version 2 the top, where it is handed down.
const findTop = (): string | null => {
  if (existsSync('/sys/fs/cgroup/pids/cgroup.procs')) return '/sys/fs/cgroup/pids';
  const handedDown = '/sys/fs/cgroup/cgroup.subtree_control';
  const isUnified = existsSync(handedDown) && / ?\bpids\b/.test(readFileSync(handedDown, 'utf8'));
  return isUnified ? '/sys/fs/cgroup' : null;
};
