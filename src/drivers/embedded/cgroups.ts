// Control groups, v2 or v1 or both (cgroups(7)), wherever this process may make them: they limit a run, hold its whole
// tree together however it forks, and kill it at once. Without them the driver does with sessions and marks.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Limits } from '../../model/stack.ts';
import { readMounts } from './cgroup-mounts.ts';
import type { RunCgroup } from './run-cgroup.ts';

type Kind = keyof RunCgroup;

/** What was found on this host; `open` tries everything out before it says so. */
export class Cgroups {
  /** Our own folder in each hierarchy where we may make groups and join them. */
  readonly #bases: ReadonlyMap<Kind, string>;
  /** Of the unified hierarchy: those that its run folders have. */
  readonly #controllers: ReadonlySet<string>;

  private constructor(bases: ReadonlyMap<Kind, string>, controllers: ReadonlySet<string>) {
    this.#bases = bases;
    this.#controllers = controllers;
  }

  /** `home` tells this agent's groups from another's on the same host. Never throws: a host without is a host without. */
  static async open(home: string, sh: string): Promise<Cgroups> {
    const name = `reeve-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
    const bases = new Map<Kind, string>();
    for (const mount of readMounts()) {
      const base = join(mount.own, name);
      if (makeFolder(join(base, 'probe'))) bases.set(mount.kind, base);
    }
    const joinable = await tryJoining([...bases.values()], sh);
    for (const [kind, base] of bases) {
      tryRemoving(join(base, 'probe'));
      if (!joinable.has(base)) {
        bases.delete(kind);
        tryRemoving(base);
      }
    }
    const unified = bases.get('unified');
    return new Cgroups(bases, unified ? enableControllers(unified) : new Set());
  }

  /** No groups at all. */
  static none(): Cgroups {
    return new Cgroups(new Map(), new Set());
  }

  can(what: 'memory' | 'cpu' | 'pids'): boolean {
    return this.#controllers.has(what) || this.#bases.has(what);
  }

  /**
   * Makes the groups of one run, empty and with its limits. The groups of its former start must be empty.
   * Throws the system's error where a limit can not be set.
   */
  create(run: { readonly stack: string; readonly id: string }, limits: Limits): RunCgroup {
    const cgroup: { [K in Kind]?: string } = {};
    const folderIn = (kind: Kind): string | null => {
      const base = this.#bases.get(kind);
      if (!base) return null;
      const folder = join(base, `${run.stack}.${run.id}`);
      // Made anew, so that its counters begin at zero.
      tryRemoving(folder);
      mkdirSync(folder, { recursive: true });
      cgroup[kind] = folder;
      return folder;
    };
    const unified = folderIn('unified');
    const limit = (
      kind: 'memory' | 'pids' | 'cpu',
      v2: () => readonly [string, string][],
      v1: () => readonly [string, string][],
    ): void => {
      const isUnified = unified !== null && this.#controllers.has(kind);
      const folder = isUnified ? unified : folderIn(kind);
      if (folder === null) return;
      for (const [file, value] of isUnified ? v2() : v1()) writeFileSync(join(folder, file), value);
    };
    const { memoryBytes, tasks, cpus } = limits;
    if (memoryBytes !== null) {
      const bytes = String(memoryBytes);
      limit(
        'memory',
        () => [
          ['memory.max', bytes],
          ['memory.oom.group', '1'],
        ],
        () => [['memory.limit_in_bytes', bytes]],
      );
    }
    if (tasks !== null) {
      const max: readonly [string, string][] = [['pids.max', String(tasks)]];
      limit(
        'pids',
        () => max,
        () => max,
      );
    }
    if (cpus !== null) {
      const quota = String(Math.max(1000, Math.round(cpus * PERIOD_US)));
      limit(
        'cpu',
        () => [['cpu.max', `${quota} ${PERIOD_US}`]],
        () => [
          ['cpu.cfs_period_us', String(PERIOD_US)],
          ['cpu.cfs_quota_us', quota],
        ],
      );
    }
    return cgroup;
  }

  /** Removes our own folders where nothing is in them any more. */
  close(): void {
    for (const base of this.#bases.values()) tryRemoving(base);
  }
}

const PERIOD_US = 100_000;

const makeFolder = (path: string): boolean => {
  try {
    mkdirSync(path, { recursive: true });
    return true;
  } catch (error) {
    return refused(error);
  }
};

export const tryRemoving = (path: string): boolean => {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return refused(error);
  }
};

// Being allowed to make a group does not mean being allowed to move a process into it.
const tryJoining = async (bases: readonly string[], sh: string): Promise<ReadonlySet<string>> => {
  if (bases.length === 0) return new Set();
  const script =
    'for base; do (echo 0 >"$base/probe/cgroup.procs") 2>/dev/null && echo "$base"; done; exit 0';
  const { stdout } = await promisify(execFile)(sh, ['-c', script, 'sh', ...bases]);
  return new Set(stdout.split('\n').filter((line) => line !== ''));
};

// Controllers are handed down level by level, and only from a group that has no process of its own.
const enableControllers = (base: string): ReadonlySet<string> => {
  const wanted = ['memory', 'pids', 'cpu'];
  const parent = join(base, '..');
  stepAside(parent);
  for (const folder of [parent, base]) {
    for (const controller of wanted) write(join(folder, 'cgroup.subtree_control'), `+${controller}`);
  }
  const enabled = readFileSync(join(base, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
  return new Set(wanted.filter((controller) => enabled.includes(controller)));
};

// As a service with a delegated group, the agent is alone in it: it moves into a group below, and the rule above is kept.
const stepAside = (own: string): void => {
  const isRoot = !existsSync(join(own, 'cgroup.type'));
  if (isRoot || readFileSync(join(own, 'cgroup.procs'), 'utf8').trim() !== String(process.pid)) return;
  const aside = join(own, 'reeve-agent');
  if (makeFolder(aside)) write(join(aside, 'cgroup.procs'), String(process.pid));
};

const write = (path: string, text: string): boolean => {
  try {
    writeFileSync(path, text);
    return true;
  } catch (error) {
    return refused(error);
  }
};

// What the kernel or an administrator does not let us do is an answer.
const refused = (error: unknown): false => {
  if ((error as NodeJS.ErrnoException).code) return false;
  throw error;
};
