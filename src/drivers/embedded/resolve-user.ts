import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Tools } from './tools.ts';

export type HostUser = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
};

/** A user of this host, as getent(1) has it (NSS, so LDAP too), else /etc/passwd; null where there is none. */
export const resolveUser = async (name: string, tools: Tools): Promise<HostUser | null> => {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/.test(name)) return null;
  return parsePasswd(
    tools.getent ? await askGetent(tools.getent, name) : readFileSync('/etc/passwd', 'utf8'),
    name,
  );
};

const parsePasswd = (text: string, name: string): HostUser | null => {
  for (const line of text.split('\n')) {
    const [found, , uid, gid, , home] = line.split(':');
    if (found === name && uid && gid) return { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
  }
  return null;
};

const askGetent = async (getent: string, name: string): Promise<string> => {
  try {
    return (await promisify(execFile)(getent, ['passwd', name])).stdout;
  } catch (error) {
    // Its exit code for "not found" is 2 (getent(1)).
    if ((error as { code?: unknown }).code === 2) return '';
    throw error;
  }
};
