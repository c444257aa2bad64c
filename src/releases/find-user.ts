import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { exhaustionOf } from '../model/error.ts';

export type HostUser = { readonly uid: number; readonly gid: number; readonly home: string };

/** A user of this host by name; null where there is none. */
export type FindUser = (name: string) => HostUser | null;

/** Looks into /etc/passwd first (passwd(5)), then asks the other databases of the host (getent(1)); found users are remembered. */
export const createUserFinder = (): FindUser => {
  const known = new Map<string, HostUser>();
  return (name) => {
    const found = known.get(name) ?? findIn(readFileSync('/etc/passwd', 'utf8'), name) ?? askHost(name);
    if (found) known.set(name, found);
    return found;
  };
};

const findIn = (passwd: string, name: string): HostUser | null => {
  const line = passwd.split('\n').find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) return null;
  const [, , uid, gid, , home] = line.split(':');
  return { uid: Number(uid), gid: Number(gid), home: home || '/' };
};

const askHost = (name: string): HostUser | null => {
  const { status, stdout, error } = spawnSync('getent', ['passwd', '--', name], {
    encoding: 'utf8',
    timeout: 5_000,
  });
  if (error && exhaustionOf(error) !== null) throw error;
  return status === 0 ? findIn(stdout, name) : null;
};
