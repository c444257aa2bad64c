import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, identify, isAlive } from '../../kit/process-identity.ts';
import { isName } from '../../model/names.ts';
import { runKey } from '../../ports/driver.ts';
import { endUnreadable, isUnreadable } from './end-unreadable.ts';
import type { House } from './house.ts';
import { clearRecords, markerOf, neverBegan, readRunRecord } from './run-record.ts';
import { Run } from './run.ts';
import { takeSnapshot, type Snapshot } from './snapshots.ts';

const START_WITHIN_MS = 5000;
const END_WITHIN_MS = 2500;

/** Takes over every run that is on disk below the folder of the stacks; those of an agent that died at any instant too. */
export const adoptRuns = async (stacks: string, house: House): Promise<void> => {
  const found: Run[] = [];
  const unreadable: string[] = [];
  for (const stack of namesIn(stacks)) {
    for (const id of namesIn(join(stacks, stack, 'run'))) {
      if (house.runs.has(runKey({ stack, id }))) continue;
      const run = recallRun({ stack, id }, house);
      if (run) found.push(run);
      else if (isUnreadable(house.folderOf({ stack, id }))) unreadable.push(house.folderOf({ stack, id }));
    }
  }
  await Promise.all(unreadable.map((folder) => endUnreadable(folder, house)));
  let snapshot: Snapshot | null = null;
  const look = (): Snapshot => (snapshot ??= takeSnapshot());
  // Between the start of a shim and its record lies a moment in which an agent may have died.
  const starting = found.filter(({ state }) => state === 'starting');
  await Promise.all(starting.map((run) => awaitStart(run, look)));
  for (const run of starting)
    if (run.process === null && neverBegan(run.folder, run.record)) forget(run, house);
  // One that is dead may have a shim that is about to say how it ended.
  const dead = found.filter((run) => run.isRunning && !isAlive(run.process!));
  for (const run of dead) run.check();
  await Promise.all(dead.map((run) => run.until(() => !run.isRunning, END_WITHIN_MS)));
};

const recallRun = (ref: { readonly stack: string; readonly id: string }, house: House): Run | null => {
  const folder = house.folderOf(ref);
  const record = readRunRecord(folder);
  // A copy that somebody made: its processes belong to the original, which may be in use.
  if (!record || record.folder !== folder) return null;
  const run = new Run(folder, record, house.runTools);
  // First listen, then look: what ends in between is heard.
  if (record.bootId === bootId()) listen(run, house);
  run.recall();
  if (!run.isRunning && run.state !== 'starting') run.close();
  house.runs.set(runKey(ref), run);
  return run;
};

const listen = (run: Run, house: House): void => {
  try {
    run.listen();
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code) throw error;
    house.log(`"${run.record.id}" has no life line, its end is noticed by looking`);
  }
};

const awaitStart = async (run: Run, look: () => Snapshot): Promise<void> => {
  const marker = markerOf(run.record);
  const hasShim = (look().marks.byShim.get(marker)?.length ?? 0) > 0;
  let leader = leaderIn(look(), marker);
  if (leader === null && hasShim) {
    if (await run.until(() => run.isDecided, START_WITHIN_MS)) return run.giveUp();
    leader = leaderIn(takeSnapshot(), marker);
  }
  run.recall();
  // It was noted before it began. Where that is not there or torn, it is the one that leads its session.
  const identity = leader === null ? null : identify(leader);
  if (identity) run.begin({ ...identity, shimPid: identity.pid, shimStartTicks: -1 });
  run.giveUp();
};

// An agent died before its shim had done anything: as if nobody had wanted it yet.
const forget = (run: Run, house: House): void => {
  run.close();
  clearRecords(run.folder);
  house.runs.delete(runKey(run.ref));
};

const leaderIn = ({ marks, table }: Snapshot, marker: string): number | null =>
  (marks.byMarker.get(marker) ?? []).find((pid) => table.get(pid)?.session === pid) ?? null;

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter(isName);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
};
