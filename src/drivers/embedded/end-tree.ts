import { isAlive } from '../../kit/process-identity.ts';
import { Failure } from '../../model/error.ts';
import { foldersOf, killAll } from './run-cgroup.ts';
import { tryRemoving } from './cgroups.ts';
import type { House } from './house.ts';
import { type ProcessRow, readRow } from './process-table.ts';
import type { Run } from './run.ts';

const GONE_WITHIN_MS = 30_000;
const SHIM_GONE_WITHIN_MS = 2000;

export type Ended = {
  /** Something had to be killed. */
  readonly killed: boolean;
  /** Killed outside the program's own group. */
  readonly strays: number;
};

/**
 * Kills whatever is left of a run's tree, round after round, for it may fork while we look, and proves that nothing is.
 * Failure `run.not-gone` where a process does not even go for SIGKILL: it hangs in the kernel.
 */
export const endTree = async (run: Run, house: House): Promise<Ended> => {
  const killed = new Set<string>();
  const strays = new Set<string>();
  const deadline = house.clock.monotonic() + GONE_WITHIN_MS;
  const ask = () => run.tree(() => house.snapshots.take());
  // Once its program is gone, the shim only has to say so.
  if (!run.isRunning) await run.until(() => !run.isShimAlive(), SHIM_GONE_WITHIN_MS);
  for (let tree = await ask(), pauseMs = 1; tree.length > 0; tree = await ask()) {
    killAll(run.record.cgroup);
    sendTo(tree, 'SIGKILL');
    for (const row of tree) {
      killed.add(`${row.pid}:${row.startTicks}`);
      if (row.group !== run.process?.pid) strays.add(`${row.pid}:${row.startTicks}`);
    }
    if (house.clock.monotonic() > deadline) throw stuck(run, tree);
    await house.clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, 100);
  }
  run.check();
  await endShim(run, house);
  removeGroups(run);
  return { killed: killed.size > 0, strays: strays.size };
};

/** Those that are empty; the kernel keeps the others. */
export const removeGroups = (run: Run): void => {
  for (const folder of foldersOf(run.record.cgroup)) tryRemoving(folder);
};

/**
 * One signal to each, right after a look at who it is. Between the look and the signal lie microseconds, in which a
 * process would have to end, be reaped, and the whole pid space be used up for its number to name another (1.5 s of
 * doing nothing else, measured). Signals do not go through the shim: it can be killed, a program should not be safe then.
 */
export const sendTo = (
  rows: readonly Pick<ProcessRow, 'pid' | 'startTicks'>[],
  signal: NodeJS.Signals,
): void => {
  for (const { pid, startTicks } of rows) {
    if (readRow(pid)?.startTicks === startTicks) send(pid, signal);
  }
};

/**
 * To the whole process group of the program, while the program itself is there to name it. A group's number is not given
 * out again as long as it has members.
 */
export const sendToGroup = (run: Run, signal: NodeJS.Signals): boolean => {
  if (!run.process || !isAlive(run.process)) return false;
  // In the instant between its record and its setsid, it leads no group yet.
  return send(-run.process.pid, signal) || send(run.process.pid, signal);
};

const send = (target: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(target, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone meanwhile; or it changed its user (sudo), and is not ours to end.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
};

// It has nothing to wait for any more. One that hangs (a full disk, a dead network folder) is not waited for.
const endShim = async (run: Run, house: House): Promise<void> => {
  if (await run.until(() => !run.isShimAlive(), SHIM_GONE_WITHIN_MS)) return;
  const pid = run.shimPid;
  if (pid !== null) send(pid, 'SIGKILL');
  house.log(`shim of "${run.record.id}" did not end by itself`);
  await run.until(() => !run.isShimAlive(), SHIM_GONE_WITHIN_MS);
};

const stuck = (run: Run, tree: readonly ProcessRow[]): Failure => {
  const pids = tree.map(({ pid }) => pid).join(', ');
  return new Failure(
    'run.not-gone',
    `Cannot stop "${run.record.id}": process ${pids} is still there ${GONE_WITHIN_MS / 1000} s after SIGKILL, none is allowed`,
    { why: 'it hangs in the kernel, or belongs to another user', fix: `look at /proc/${tree[0]!.pid}/stack` },
  );
};
