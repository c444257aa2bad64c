// What /proc says of processes that are not ours (proc(5)): who is there, and what they cost.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../src/kit/process-identity.ts';

const readPids = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** Those that run this very file. Interpreters are copied under a name of their own to be found by it. */
export const pidsOf = (executable: string): readonly number[] =>
  readPids().filter((pid) => linkOf(`/proc/${pid}/exe`) === executable && isThere(pid));

/** Those with this text in their command line. */
export const pidsNaming = (text: string): readonly number[] =>
  readPids().filter((pid) => (read(`/proc/${pid}/cmdline`) ?? '').includes(text) && isThere(pid));

/** A zombie is gone. */
export const isThere = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat !== null && stat.state !== 'Z';
};

const LOOK_MS = 10;

/**
 * Milliseconds until `count` processes run `executable`. Each look reads only processes that were not there before: a
 * look at all of them would be a good part of what is measured.
 */
export const untilRunning = async (executable: string, count: number, withinMs = 60_000): Promise<number> => {
  const began = performance.now();
  const strangers = new Set(readPids().filter((pid) => linkOf(`/proc/${pid}/exe`) !== executable));
  const found = new Set<number>();
  for (;;) {
    for (const pid of readPids()) {
      if (strangers.has(pid) || found.has(pid)) continue;
      if (linkOf(`/proc/${pid}/exe`) === executable) found.add(pid);
    }
    const ms = performance.now() - began;
    if (found.size >= count) return ms;
    if (ms > withinMs) throw new Error(`only ${found.size} of ${count} run after ${withinMs} ms`);
    await sleep(LOOK_MS);
  }
};

export type Cost = {
  readonly rssMb: number;
  /** What of it is no page of a file: the process's own data. */
  readonly ownMb: number;
  readonly pssMb: number;
  readonly cpuMs: number;
};

/** PSS is what the machine pays: a page that several share is divided among them. */
export const costOf = (pids: readonly number[]): Cost => {
  const costs = pids.map((pid) => {
    const rollup = read(`/proc/${pid}/smaps_rollup`) ?? '';
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
    return {
      rssMb: kilobytes('Rss') / 1024,
      ownMb: kilobytes('Anonymous') / 1024,
      pssMb: kilobytes('Pss') / 1024,
      cpuMs: cpuMs(pid),
    };
  });
  const sum = (key: keyof Cost): number => costs.reduce((total, cost) => total + cost[key], 0);
  return { rssMb: sum('rssMb'), ownMb: sum('ownMb'), pssMb: sum('pssMb'), cpuMs: sum('cpuMs') };
};

/** Highest resident memory since `resetPeak`. */
export const peakMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024;

// Nanoseconds of every thread: the clock ticks of /proc/PID/stat are too coarse for what idles.
const cpuMs = (pid: number): number =>
  list(`/proc/${pid}/task`)
    .map((task) => Number(read(`/proc/${pid}/task/${task}/schedstat`)?.split(' ')[0] ?? 0) / 1e6)
    .reduce((total, ms) => total + ms, 0);

const read = (path: string): string | null => orNull(() => readFileSync(path, 'utf8'));
const linkOf = (path: string): string | null => orNull(() => readlinkSync(path));
const list = (path: string): readonly string[] => orNull(() => readdirSync(path)) ?? [];

// A process may end between any two looks, and kernel threads have no file.
const orNull = <T>(look: () => T): T | null => {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return null;
    throw error;
  }
};

/** The process, its children, and theirs. */
export const withDescendants = (pid: number): readonly number[] => {
  const children = list(`/proc/${pid}/task`)
    .flatMap((task) => (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' '))
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.flatMap(withDescendants)];
};
