import { randomBytes } from 'node:crypto';
import { bootId } from '../../kit/process-identity.ts';
import { NO_PROCESSES } from '../../model/error.ts';
import { runKey, type RunSpec, type StartOutcome } from '../../ports/driver.ts';
import { endTree } from './end-tree.ts';
import type { House } from './house.ts';
import { closeOutputs, type LaunchParts, openOutputs, type Outputs, spawnShim } from './launch.ts';
import { asRefused, type Refused } from './refused.ts';
import type { HostUser } from './resolve-user.ts';
import { ranOutOfMemory, type RunCgroup } from './run-cgroup.ts';
import { clearRecords, type RunRecord, writeRunRecord } from './run-record.ts';
import { Run } from './run.ts';

const START_WITHIN_MS = 10_000;

/** Starts one run whose folder and life line are there. Resolves when its program runs; a failure leaves nothing. */
export const startRun = async (spec: RunSpec, user: HostUser | null, house: House): Promise<StartOutcome> => {
  const ref = { stack: spec.stack, id: spec.id };
  const failed = ({ code, words }: Refused): StartOutcome => ({ ref, outcome: 'failed', code, words });
  const folder = house.folderOf(spec);
  house.runs.get(runKey(spec))?.close();
  let outputs: Outputs | null = null;
  let run: Run | null = null;
  try {
    outputs = openOutputs(spec, user);
    const cgroup = limitRun(spec, house);
    if ('code' in cgroup) return failed(cgroup);
    const record = assembleRecord(spec, outputs, cgroup, house);
    run = new Run(folder, record, house.runTools);
    run.listen();
    // Intent before effect: an agent that comes after a crash knows what to look for.
    writeRunRecord(folder, record);
    const refused = await launch(
      run,
      { shim: house.ensureShim(ref), folder, record, spec, user, outputs, tools: house.tools },
      house,
    );
    if (!refused) return { ref, outcome: 'started', fact: { ...run.fact(), state: 'running', exit: null } };
    await discard(run, house);
    return failed(refused);
  } catch (error) {
    if (run) await discard(run, house);
    else clearRecords(folder);
    return failed(asRefused(error));
  } finally {
    if (outputs) closeOutputs(outputs);
  }
};

// Null once the program runs; or ran, for it may be over already.
const launch = async (run: Run, parts: LaunchParts, house: House): Promise<Refused | null> => {
  const child = spawnShim(parts);
  const refusal = await new Promise<Error | null>((resolve) => {
    if (child.pid === undefined) child.once('error', resolve);
    else resolve(null);
  });
  if (refusal) return asRefused(refusal);
  run.watchChild(child);
  house.runs.set(runKey(run.ref), run);
  const isInTime = await run.until(() => run.isDecided, START_WITHIN_MS);
  if (run.state !== 'starting') return null;
  if (run.refusal?.startsWith('cgroup'))
    return { code: 'run.limits', words: `can not join its ${run.refusal}` };
  if (run.refusal === 'fork')
    return { code: 'run.not-started', words: `${NO_PROCESSES} (its shim could not fork)` };
  if (ranOutOfMemory(run.record.cgroup))
    return { code: 'run.limits', words: 'it ran out of memory before it began, a higher limit is required' };
  const cause =
    run.refusal ?? (isInTime ? 'its shim ended' : `nothing was heard within ${START_WITHIN_MS} ms`);
  return { code: 'run.not-started', words: `can not start in ${run.folder}: ${cause}, the disk may be full` };
};

// A start that failed leaves no process and no record.
const discard = async (run: Run, house: House): Promise<void> => {
  run.giveUp();
  run.close();
  await endTree(run, house);
  clearRecords(run.folder);
  house.runs.delete(runKey(run.ref));
};

const limitRun = (spec: RunSpec, house: House): RunCgroup | Refused => {
  try {
    return house.cgroups.create(spec, spec.limits);
  } catch (error) {
    return { ...asRefused(error), code: 'run.limits' };
  }
};

const assembleRecord = (
  spec: RunSpec,
  { stdoutStart, stderrStart }: Outputs,
  cgroup: RunCgroup,
  house: House,
): RunRecord => ({
  version: 1,
  folder: house.folderOf(spec),
  stack: spec.stack,
  id: spec.id,
  fingerprint: spec.fingerprint,
  generation: randomBytes(6).toString('hex'),
  bootId: bootId(),
  startedAt: house.clock.now(),
  stdoutPath: spec.stdoutPath,
  stderrPath: spec.stderrPath,
  stdoutStart,
  stderrStart,
  cgroup,
});
