import { runKey, type Usage } from '../../ports/driver.ts';
import { assembleKinship, findTree } from './find-tree.ts';
import { readProcessTable, readRow } from './process-table.ts';
import { membersOf } from './run-cgroup.ts';
import type { Run } from './run.ts';

/** Memory and CPU of each run's whole tree, from one pass over /proc; keyed `<stack>/<id>`. */
export const measureRuns = (runs: readonly Run[]): ReadonlyMap<string, Usage> => {
  const usage = new Map<string, Usage>();
  if (runs.length === 0) return usage;
  const kinship = assembleKinship(readProcessTable());
  const pageBytes = measurePage();
  for (const run of runs) {
    const { pid, startTicks } = run.process!;
    if (kinship.table.get(pid)?.startTicks !== startTicks) continue;
    const shim = run.shimPid;
    const tree = findTree(
      kinship,
      [pid, ...(membersOf(run.record.cgroup) ?? [])],
      new Set(shim === null ? [process.pid] : [shim, process.pid]),
    );
    const pages = tree.reduce((sum, row) => sum + row.rssPages, 0);
    const ticks = tree.reduce((sum, row) => sum + row.cpuTicks, 0);
    usage.set(runKey(run.ref), { rssBytes: pages * pageBytes, cpuMs: ticks * TICK_MS });
  }
  return usage;
};

// USER_HZ is 100 wherever Linux has a /proc for programs (proc(5), time(7)).
const TICK_MS = 10;

let knownPageBytes: number | null = null;

// Node tells our own memory in bytes, the kernel in pages: the power of two between them is the size of a page.
const measurePage = (): number => {
  const pages = readRow(process.pid)?.rssPages ?? 1;
  knownPageBytes ??= 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages));
  return knownPageBytes;
};
