import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunCgroup } from './run-cgroup.ts';

export type CgroupMount = {
  readonly kind: keyof RunCgroup;
  /** The folder of the group that this process is in. */
  readonly own: string;
};

/** The hierarchies that matter, from /proc/self/mountinfo and /proc/self/cgroup; empty where there is no cgroup at all. */
export const readMounts = (): readonly CgroupMount[] => {
  if (!existsSync('/proc/self/mountinfo') || !existsSync('/proc/self/cgroup')) return [];
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  return parseMounts(mountinfo, readFileSync('/proc/self/cgroup', 'utf8')).filter(({ own }) =>
    existsSync(own),
  );
};

export const parseMounts = (mountinfo: string, memberships: string): readonly CgroupMount[] => {
  const own = parseMemberships(memberships);
  const found = new Map<keyof RunCgroup, string>();
  for (const line of mountinfo.split('\n')) {
    const [place, filesystem] = line.split(' - ').map((part) => part.split(' '));
    if (!place || !filesystem) continue;
    const [root, point] = [place[3] ?? '/', place[4] ?? ''];
    const type = filesystem[0];
    const kinds: readonly string[] =
      type === 'cgroup2' ? ['unified'] : type === 'cgroup' ? (filesystem[2] ?? '').split(',') : [];
    for (const kind of kinds) {
      if (!isKind(kind) || found.has(kind)) continue;
      const path = own.get(kind);
      if (path !== undefined) found.set(kind, resolve(join(point, below(root, path))));
    }
  }
  return [...found].map(([kind, path]) => ({ kind, own: path }));
};

// `0::/path` is the unified hierarchy, `4:memory:/path` one of version 1.
const parseMemberships = (text: string): ReadonlyMap<string, string> => {
  const own = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [number, controllers, ...path] = line.split(':');
    if (number === undefined || controllers === undefined) continue;
    const names = controllers === '' ? ['unified'] : controllers.split(',');
    for (const name of names) own.set(name, path.join(':'));
  }
  return own;
};

// In a container the mount may show a part of the hierarchy only, while the membership is told from its top.
const below = (root: string, path: string): string =>
  root !== '/' && path.startsWith(root) ? path.slice(root.length) : path;

const isKind = (name: string): name is keyof RunCgroup =>
  name === 'unified' || name === 'memory' || name === 'pids' || name === 'cpu';
