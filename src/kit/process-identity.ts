// Linux facts about processes, from /proc (proc(5)). A pid alone is not an identity: the whole pid space can be
// recycled in seconds. Boot id + pid + start time is.
import { readFileSync } from 'node:fs';

export type Identity = { readonly bootId: string; readonly pid: number; readonly startTicks: number };

let cachedBootId: string | null = null;

/** Empty where there is no /proc (macOS). */
export const bootId = (): string => {
  cachedBootId ??= readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
  return cachedBootId;
};

export type ProcessStat = {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  readonly cpuTicks: number;
  readonly rssPages: number;
};

/** Null where there is no such process. A zombie has a stat, with state `Z`. */
export const readStat = (pid: number): ProcessStat | null => {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === '' ? null : parseStat(pid, text);
};

/** Fields of /proc/PID/stat; the name in parentheses may itself hold spaces and parentheses. */
export const parseStat = (pid: number, text: string): ProcessStat | null => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 22) return null;
  return {
    pid,
    state: fields[0]!,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
    rssPages: Number(fields[21]),
  };
};

/** The identity of a live process; null where it is gone or a zombie. */
export const identify = (pid: number): Identity | null => {
  const stat = readStat(pid);
  return stat && stat.state !== 'Z' ? { bootId: bootId(), pid, startTicks: stat.startTicks } : null;
};

/** Whether exactly that process still lives. A zombie counts as gone. */
export const isAlive = (identity: Identity): boolean => {
  if (identity.bootId !== bootId()) return false;
  return identify(identity.pid)?.startTicks === identity.startTicks;
};

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
};

// A process can end between any two system calls: ESRCH comes from reading an open /proc file of one that did.
const isGone = (error: unknown): boolean => {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR' || code === 'EACCES';
};
