import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { bootId, isAlive } from '../../kit/process-identity.ts';
import { isName } from '../../model/names.ts';
import { runKey, type RunRef, type RunSpec, type StartOutcome } from '../../ports/driver.ts';
import { endTree } from './end-tree.ts';
import type { House } from './house.ts';
import { type LaunchParts, closeOutputs, openOutputs, type Outputs, spawnShim } from './launch.ts';
import { checkProgram, checkProgramAs, type Refused } from './resolve-program.ts';
import { type HostUser, resolveUser } from './resolve-user.ts';
import { readMarks, readPids } from './process-table.ts';
import { membersOf, type RunCgroup } from './run-cgroup.ts';
import { clearRecords, lifeLinePath, markerOf, type RunRecord, writeRunRecord } from './run-record.ts';
import { Run } from './run.ts';

/** Shims that are on their way at the same time. More only take each other's turn on the processor. */
const AT_ONCE = 24;
const START_WITHIN_MS = 10_000;
const SHIM_GONE_WITHIN_MS = 2000;

/** Starts all that can be started; every spec gets its outcome, in order. */
export const startRuns = async (
  specs: readonly RunSpec[],
  house: House,
): Promise<readonly StartOutcome[]> => {
  const outcomes = new Map<RunSpec, StartOutcome>();
  const refuse = (spec: RunSpec, { code, words }: Refused): void =>
    void outcomes.set(spec, { ref: refOf(spec), outcome: 'failed', code, words });
  const users = new Map<RunSpec, HostUser | null>();
  await Promise.all(
    specs.map(async (spec, at) => {
      const present = await judgePresent(spec, house);
      if (present) return void outcomes.set(spec, present);
      if (specs.findIndex((other) => runKey(other) === runKey(spec)) < at)
        return refuse(spec, { code: 'run.exists', words: 'it is named twice in one batch' });
      const judged = await judgeSpec(spec, house);
      if (judged && 'code' in judged) refuse(spec, judged);
      else users.set(spec, judged);
    }),
  );
  const accepted = specs.filter((spec) => users.has(spec));
  const unprepared = await ensureFolders(accepted, house);
  const queue = accepted.filter((spec) => {
    const refused = unprepared.get(spec);
    if (refused) refuse(spec, refused);
    return !refused;
  });
  const work = async (): Promise<void> => {
    for (let spec = queue.shift(); spec; spec = queue.shift()) {
      outcomes.set(spec, await startRun(spec, users.get(spec) ?? null, house));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
  return specs.map((spec) => outcomes.get(spec)!);
};

const refOf = ({ stack, id }: RunSpec): RunRef => ({ stack, id });

// What sits in its place: the same run, another one, or what is left of a former one.
const judgePresent = async (spec: RunSpec, house: House): Promise<StartOutcome | null> => {
  const ref = refOf(spec);
  const failed = (code: string, words: string): StartOutcome => ({ ref, outcome: 'failed', code, words });
  if (!isName(spec.stack) || !isName(spec.id)) {
    return failed('run.name', `not a name: ${JSON.stringify(`${spec.stack}/${spec.id}`)}`);
  }
  const run = house.runs.get(runKey(spec));
  if (!run) return null;
  run.check();
  // Its end may be a fact that is just being told.
  if (run.process && !isAlive(run.process)) await run.until(() => !run.isRunning, SHIM_GONE_WITHIN_MS);
  if (run.isRunning && run.record.fingerprint === spec.fingerprint)
    return { ref, outcome: 'already-running', fact: run.fact() };
  if (run.isRunning) return failed('run.exists', `another run of it still runs, pid ${run.process?.pid}`);
  const [left] = findLeftovers(run, house);
  return left === undefined ? null : failed('run.exists', `process ${left} of its former run is still there`);
};

// A look by marks alone, at those processes that no running run accounts for: a restart must not wait for a whole pass.
const findLeftovers = (run: Run, house: House): readonly number[] => {
  const members = membersOf(run.record.cgroup);
  if (members) return members;
  const accounted = new Set([...house.runs.values()].flatMap((one) => [one.shimPid, one.process?.pid]));
  const marks = readMarks(readPids().filter((pid) => !accounted.has(pid)));
  return [
    ...(marks.byMarker.get(markerOf(run.record)) ?? []),
    ...(marks.byLifeLine.get(lifeLinePath(run.folder)) ?? []),
  ];
};

const judgeSpec = async (spec: RunSpec, house: House): Promise<HostUser | null | Refused> => {
  const odd = Object.keys(spec.env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (odd !== undefined) {
    const words = `variable ${JSON.stringify(odd)} can not pass a shell: letters, digits and underscores are required`;
    return { code: 'run.environment', words };
  }
  const refused = checkProgram(spec);
  if (refused) return refused;
  if (spec.user === null || spec.user === house.ownUser) return null;
  if (!house.capabilities.runsAsUser) {
    const words = `can not become user "${spec.user}": the agent runs as "${house.ownUser}", root and setpriv are required`;
    return { code: 'run.user', words };
  }
  const user = await resolveUser(spec.user, house.tools);
  if (!user) return { code: 'run.user', words: `user "${spec.user}" does not exist` };
  return (await checkProgramAs(user, spec, house.tools)) ?? user;
};

// Folders and FIFOs of the whole batch: one mkfifo process for all, for a process each was most of the start time.
const ensureFolders = async (
  specs: readonly RunSpec[],
  house: House,
): Promise<ReadonlyMap<RunSpec, Refused>> => {
  const refused = new Map<RunSpec, Refused>();
  const missing: string[] = [];
  for (const spec of specs) {
    try {
      const folder = house.folderOf(spec);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = lifeLinePath(folder);
      if (house.tools.mkfifo === null || !existsSync(path) || !lstatSync(path).isFIFO()) {
        rmSync(path, { force: true });
        missing.push(path);
      }
    } catch (error) {
      refused.set(spec, asRefused(error));
    }
  }
  await makeLifeLines(missing, house);
  return refused;
};

const makeLifeLines = async (paths: readonly string[], { tools, log }: House): Promise<void> => {
  for (let at = 0; tools.mkfifo !== null && at < paths.length; at += 500) {
    try {
      await promisify(execFile)(tools.mkfifo, ['-m', '600', '--', ...paths.slice(at, at + 500)]);
    } catch (error) {
      log(`no FIFO could be made, ends of programs are noticed by looking: ${messageOf(error)}`);
    }
  }
  // Where there is no FIFO by now, a plain file does; the starts that follow say so where even that is not possible.
  for (const path of paths.filter((one) => !existsSync(one))) {
    try {
      writeFileSync(path, '', { mode: 0o600 });
    } catch (error) {
      log(`no life line could be made: ${messageOf(error)}`);
    }
  }
};

const startRun = async (spec: RunSpec, user: HostUser | null, house: House): Promise<StartOutcome> => {
  const ref = refOf(spec);
  const failed = ({ code, words }: Refused): StartOutcome => ({ ref, outcome: 'failed', code, words });
  const folder = house.folderOf(spec);
  house.runs.get(runKey(spec))?.close();
  let outputs: Outputs | null = null;
  let run: Run | null = null;
  try {
    const cgroup = limitRun(spec, house);
    if ('code' in cgroup) return failed(cgroup);
    outputs = openOutputs(spec, user);
    const record = assembleRecord(spec, outputs, cgroup, house);
    writeRunRecord(folder, record);
    run = new Run(folder, record, house.runTools);
    run.listen();
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

const asRefused = (error: unknown): Refused => {
  if (!(error as NodeJS.ErrnoException).code) throw error;
  return { code: 'run.not-started', words: messageOf(error) };
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
