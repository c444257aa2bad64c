import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../src/kit/process-identity.ts';

/** Waits until `holds` answers something other than false, null or undefined, and gives that; fails after `withinMs`. */
export const eventually = async <T>(
  what: string,
  holds: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<NonNullable<Exclude<T, false>>> => {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const value = await holds();
      if (value !== false && value !== null && value !== undefined)
        return value as NonNullable<Exclude<T, false>>;
      last = value;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  } while (performance.now() < deadline);
  throw new Error(`${what}: not within ${withinMs} ms; last: ${String(last)}`);
};

/** Whether a process runs; a zombie counts as gone. */
export const isRunning = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat !== null && stat.state !== 'Z';
};

/** The processor time that a process takes within so long: whether it spins can not be seen sooner. */
export const cpuMsWithin = async (pid: number, spanMs: number): Promise<number> => {
  const ticks = (): number => readStat(pid)?.cpuTicks ?? 0;
  const before = ticks();
  await sleep(spanMs);
  // In hundredths of a second (proc(5)).
  return (ticks() - before) * 10;
};
