// Control groups, v2 or v1 or both (cgroups(7)), wherever this process may make them: they limit a run, hold its whole
// tree together however it forks, and kill it at once. Without them the driver does with sessions and marks.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Limits } from '../../model/stack.ts';
import { readMounts } from './cgroup-mounts.ts';
import { foldersOf, type RunCgroup } from './run-cgroup.ts';

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
    const make = (kind: Kind): string | undefined => {
      const base = this.#bases.get(kind);
      if (base === undefined) return undefined;
      const folder = join(base, `${run.stack}.${run.id}`);
      // Made anew, so that its counters begin at zero.
      tryRemoving(folder);
      mkdirSync(folder, { recursive: true });
      cgroup[kind] = folder;
      return folder;
    };
    try {
      make('unified');
      for (const { kind, v2, v1 } of settingsOf(limits)) {
        const isUnified = this.#controllers.has(kind);
        const folder = isUnified ? cgroup.unified : make(kind);
        if (folder === undefined) continue;
        for (const [file, value] of isUnified ? v2 : v1) writeFileSync(join(folder, file), value);
      }
      return cgroup;
    } catch (error) {
      for (const folder of foldersOf(cgroup)) tryRemoving(folder);
      throw error;
    }
  }

  /** Removes our own folders where nothing is in them any more. */
  close(): void {
    for (const base of this.#bases.values()) tryRemoving(base);
  }
}

const PERIOD_US = 100_000;

type Settings = readonly (readonly [file: string, value: string])[];

// Files and values of both versions, for each limit that is set.
const settingsOf = ({
  memoryBytes,
  tasks,
  cpus,
}: Limits): readonly {
  readonly kind: 'memory' | 'pids' | 'cpu';
  readonly v2: Settings;
  readonly v1: Settings;
}[] => {
  const max = String(memoryBytes);
  const pids: Settings = [['pids.max', String(tasks)]];
  // The kernel takes no quota under a millisecond.
  const quota = String(Math.max(1000, Math.round((cpus ?? 0) * PERIOD_US)));
  const memory = {
    kind: 'memory',
    v2: [
      ['memory.max', max],
      ['memory.oom.group', '1'],
    ],
    v1: [['memory.limit_in_bytes', max]],
  } as const;
  const cpu = {
    kind: 'cpu',
    v2: [['cpu.max', `${quota} ${PERIOD_US}`]],
    v1: [
      ['cpu.cfs_period_us', String(PERIOD_US)],
      ['cpu.cfs_quota_us', quota],
    ],
  } as const;
  return [
    ...(memoryBytes === null ? [] : [memory]),
    ...(tasks === null ? [] : [{ kind: 'pids', v2: pids, v1: pids } as const]),
    ...(cpus === null ? [] : [cpu]),
  ];
};

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
