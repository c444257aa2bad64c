// Linux facts about processes, from /proc (proc(5)). A pid alone is not an identity: the whole pid space can be
// recycled in seconds. Boot id + pid + start time is.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

export type Identity = { readonly bootId: string; readonly pid: number; readonly startTicks: number };

let cachedBootId: string | null = null;

/** Empty where there is no /proc (macOS). */
export const bootId = (): string => {
  if (cachedBootId === null) {
    const found = readProc('/proc/sys/kernel/random/boot_id');
    cachedBootId = typeof found === 'string' ? '' : found.text.trim();
  }
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

/**
 * The text of a file of /proc: `gone` where its process is, `hidden` where nobody can look: it is another's and /proc
 * hides it (hidepid), or there is no file descriptor left to look with.
 */
export type ReadProc = (path: string) => { readonly text: string } | 'gone' | 'hidden';

/** Null where there is no such process, or it is hidden. A zombie has a stat, with state `Z`. */
export const readStat = (pid: number): ProcessStat | null => {
  const found = readProc(`/proc/${pid}/stat`);
  return typeof found === 'string' ? null : parseStat(pid, found.text);
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

/** The identity of a live process; null where it is gone, a zombie, or hidden. */
export const identify = (pid: number): Identity | null => {
  const stat = readStat(pid);
  return stat && stat.state !== 'Z' ? { bootId: bootId(), pid, startTicks: stat.startTicks } : null;
};

/**
 * Whether exactly that process still lives. A zombie counts as gone. One that is hidden counts as alive: what can not be
 * seen must not be taken for dead, for then its lock is taken over and its program started twice.
 */
export const isAlive = (identity: Identity, read: ReadProc = readProc): boolean => {
  if (identity.bootId !== bootId()) return false;
  const found = read(`/proc/${identity.pid}/stat`);
  if (typeof found === 'string') return found === 'hidden';
  const stat = parseStat(identity.pid, found.text);
  return stat !== null && stat.state !== 'Z' && stat.startTicks === identity.startTicks;
};

/**
 * For how long that process has lived, in milliseconds, by the clock that nobody sets; null where there is none, it does
 * not live, or the host tells another time since its boot than its processes were started by (lxcfs).
 */
export const ageMsOf = (identity: Identity | null): number | null => {
  if (identity === null || !isAlive(identity)) return null;
  const ageMs = Math.round(uptime() * 1000) - identity.startTicks * TICK_MS;
  return ageMs >= 0 ? ageMs : null;
};

// USER_HZ is 100 wherever Node runs (time(7)).
const TICK_MS = 10;

// A process can end between any two system calls: ESRCH comes from reading an open /proc file of one that did. EPERM
// and EACCES are what hidepid=1 and security modules answer for a process of somebody else (proc(5)).
const readProc: ReadProc = (path) => {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return 'gone';
    if (code !== undefined && UNSEEN.has(code)) return 'hidden';
    throw error;
  }
};

const UNSEEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM']);
