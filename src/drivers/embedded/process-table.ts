// One pass over /proc (proc(5)): which processes there are, and which of them carry a run's marks.
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

export type ProcessRow = {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  /** Its own, and of the children it waited for. */
  readonly cpuTicks: number;
  readonly rssPages: number;
};

export type ProcessTable = ReadonlyMap<number, ProcessRow>;

/** Every process but the zombies, which are gone already. */
export const readProcessTable = (): ProcessTable => {
  const table = new Map<number, ProcessRow>();
  for (const pid of readPids()) {
    const row = readRow(pid);
    if (row) table.set(pid, row);
  }
  return table;
};

export const readPids = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** Null where it is gone, or a zombie. */
export const readRow = (pid: number): ProcessRow | null => {
  const text = readProc(`/proc/${pid}/stat`)?.toString('latin1') ?? '';
  // The name in parentheses may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 22 || fields[0] === 'Z' || fields[0] === 'X') return null;
  const field = (at: number): number => Number(fields[at]);
  return {
    pid,
    parent: field(1),
    group: field(2),
    session: field(3),
    startTicks: field(19),
    cpuTicks: field(11) + field(12) + field(13) + field(14),
    rssPages: field(21),
  };
};

/** What tells whose a process is: a marker in the environment it was started with, or the life line it inherited. */
export type Marks = {
  /** Pids by the value of REEVE_RUN. */
  readonly byMarker: ReadonlyMap<string, readonly number[]>;
  /** Pids by the value of REEVE_SHIM. */
  readonly byShim: ReadonlyMap<string, readonly number[]>;
  /** Pids by the path behind descriptor 9. A program that clears its environment rarely closes that, too. */
  readonly byLifeLine: ReadonlyMap<string, readonly number[]>;
};

export const readMarks = (pids: Iterable<number>): Marks => {
  const byMarker = new Map<string, number[]>();
  const byShim = new Map<string, number[]>();
  const byLifeLine = new Map<string, number[]>();
  for (const pid of pids) {
    const environment = readProc(`/proc/${pid}/environ`);
    // Kernel threads have none, and other users' processes do not show theirs: those are not ours either.
    if (!environment || environment.length === 0) continue;
    note(byMarker, variable(environment, 'REEVE_RUN='), pid);
    note(byShim, variable(environment, 'REEVE_SHIM='), pid);
    note(byLifeLine, linkOf(`/proc/${pid}/fd/9`), pid);
  }
  return { byMarker, byShim, byLifeLine };
};

const note = (map: Map<string, number[]>, key: string | null, pid: number): void => {
  if (key === null) return;
  const pids = map.get(key);
  if (pids) pids.push(pid);
  else map.set(key, [pid]);
};

const variable = (environment: Buffer, prefix: string): string | null => {
  let at = environment.indexOf(prefix);
  while (at > 0 && environment[at - 1] !== 0) at = environment.indexOf(prefix, at + 1);
  if (at < 0) return null;
  const end = environment.indexOf(0, at);
  return environment.toString('utf8', at + prefix.length, end < 0 ? environment.length : end);
};

let scratch = Buffer.allocUnsafe(64 << 10);

// Into one buffer that is used again: a pass reads hundreds of these files. The answer is valid until the next call.
const readProc = (path: string): Buffer | null => {
  let fd;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return gone(error);
  }
  try {
    let length = 0;
    for (;;) {
      const count = readSync(fd, scratch, length, scratch.length - length, null);
      length += count;
      if (count === 0) return scratch.subarray(0, length);
      if (length === scratch.length) scratch = Buffer.concat([scratch, Buffer.alloc(scratch.length)]);
    }
  } catch (error) {
    return gone(error);
  } finally {
    closeSync(fd);
  }
};

const linkOf = (path: string): string | null => {
  try {
    return readlinkSync(path);
  } catch (error) {
    return gone(error);
  }
};

// A process may end between any two of these calls.
const gone = (error: unknown): null => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
  throw error;
};
