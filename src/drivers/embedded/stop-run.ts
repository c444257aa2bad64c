import type { StopOutcome, StopRequest } from '../../ports/driver.ts';
import { endTree, sendTo, sendToGroup } from './end-tree.ts';
import type { House } from './house.ts';
import type { Run } from './run.ts';

const GROUP_LOOK_MS = 20;

/** Asks the program and its group to end, waits for them, and kills whatever is left then, wherever it hides. */
export const stopRun = async (run: Run, request: StopRequest, house: House): Promise<StopOutcome> => {
  const { ref, signal, graceMs } = request;
  run.check();
  const wasRunning = run.isRunning;
  // Before the program dies: parents and sessions that lead to its grandchildren are known only now.
  const before = await run.tree(() => house.snapshots.take());
  if (!run.isRunning && !wasRunning && before.length === 0) {
    await endTree(run, house);
    return { ref, outcome: 'was-not-running', exit: run.exit, strays: 0 };
  }
  const inTime = graceMs > 0 && (await endPolitely(run, signal, graceMs, house));
  const { killed, strays } = await endTree(run, house);
  await run.until(() => !run.isRunning, 1000);
  return { ref, outcome: killed || !inTime ? 'killed' : 'exited', exit: run.exit, strays };
};

// True where the program and its group ended within the grace. Daemons of their own session are not asked: they are
// strays. SIGCONT lets a suspended program hear the signal. A group outlives its program where a shell wrapper dies first and its children still drain.
const endPolitely = async (
  run: Run,
  signal: NodeJS.Signals,
  graceMs: number,
  house: House,
): Promise<boolean> => {
  const deadline = house.clock.monotonic() + graceMs;
  const group = async () => {
    const tree = await run.tree(() => house.snapshots.take());
    return tree.filter((row) => row.group === run.process?.pid);
  };
  if (sendToGroup(run, signal)) sendToGroup(run, 'SIGCONT');
  else sendTo(await group(), signal);
  if (!(await run.until(() => !run.isRunning, graceMs))) return false;
  await run.until(() => !run.isShimAlive(), Math.max(0, deadline - house.clock.monotonic()));
  while ((await group()).length > 0) {
    if (house.clock.monotonic() >= deadline) return false;
    await house.clock.sleep(GROUP_LOOK_MS);
  }
  return true;
};
