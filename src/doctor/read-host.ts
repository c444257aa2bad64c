import { statSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { freemem, release, totalmem } from 'node:os';
import type { DiskFacts, HostFacts } from './world.ts';

type StatFs = (path: string) => Promise<{
  readonly bsize: number;
  readonly blocks: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}>;

/** Of the filesystem that holds `path`; statfs(2), free as an ordinary user has it. */
export const readDisk = async (path: string, ask: StatFs = statfs): Promise<DiskFacts> => {
  const { bsize, blocks, bavail, files, ffree } = await ask(path);
  return {
    path,
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeInodes: ffree,
    totalInodes: files,
  };
};

/** Of each filesystem that holds one of the paths, once; what is not there is on none. */
export const readDisks = async (paths: readonly string[]): Promise<readonly DiskFacts[]> => {
  const found = new Map<number, string>();
  for (const path of paths) {
    const device = statSync(path, { throwIfNoEntry: false })?.dev;
    if (device !== undefined && !found.has(device)) found.set(device, path);
  }
  return await Promise.all([...found.values()].map((path) => readDisk(path)));
};

export const readHost = async (): Promise<HostFacts> => {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const memory = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  return {
    kernel: release(),
    openFilesLimit: parseOpenFiles(limits),
    memoryTotalBytes: totalmem(),
    memoryAvailableBytes: parseAvailable(memory) ?? freemem(),
  };
};

/** The soft limit in /proc/PID/limits (proc(5)). */
export const parseOpenFiles = (limits: string): number => {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft && /^\d+$/.test(soft) ? Number(soft) : Infinity;
};

/** MemAvailable of /proc/meminfo (proc(5)), in bytes. */
export const parseAvailable = (memory: string): number | null => {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(memory)?.[1];
  return kilobytes ? Number(kilobytes) * 1024 : null;
};
