// Whether a run may start: what sits in its place, and what the system would say to its program.
import { isAlive } from '../../kit/process-identity.ts';
import { isName } from '../../model/names.ts';
import { runKey, type RunSpec, type StartOutcome } from '../../ports/driver.ts';
import type { House } from './house.ts';
import { readMarks, readPids } from './process-table.ts';
import { checkProgram, checkProgramAs } from './resolve-program.ts';
import { type HostUser, resolveUser } from './resolve-user.ts';
import type { Refused } from './refused.ts';
import { membersOf } from './run-cgroup.ts';
import { lifeLinePath, markerOf } from './run-record.ts';
import type { Run } from './run.ts';

const END_WITHIN_MS = 2000;

/** Null where the place is free; otherwise the answer to a start: the same run, another, or what is left of a former one. */
export const judgePresent = async (spec: RunSpec, house: House): Promise<StartOutcome | null> => {
  const ref = { stack: spec.stack, id: spec.id };
  const failed = (code: string, words: string): StartOutcome => ({ ref, outcome: 'failed', code, words });
  if (!isName(spec.stack) || !isName(spec.id)) {
    return failed('run.name', `not a name: ${JSON.stringify(`${spec.stack}/${spec.id}`)}`);
  }
  const run = house.runs.get(runKey(spec));
  if (!run) return null;
  run.check();
  // Its end may be a fact that is just being told.
  if (run.process && !isAlive(run.process)) await run.until(() => !run.isRunning, END_WITHIN_MS);
  if (run.isRunning && run.record.fingerprint === spec.fingerprint)
    return { ref, outcome: 'already-running', fact: run.fact() };
  if (run.isRunning) return failed('run.exists', `another run of it still runs, pid ${run.process?.pid}`);
  const [left] = findLeftovers(run, house);
  return left === undefined ? null : failed('run.exists', `process ${left} of its former run is still there`);
};

/** The user to become, null for the agent's own; or why its program can not be started. */
export const judgeSpec = async (spec: RunSpec, house: House): Promise<HostUser | null | Refused> => {
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

// A look by marks alone, at those processes that no running run accounts for: a restart must not wait for a whole pass.
const findLeftovers = (run: Run, house: House): readonly number[] => {
  const members = membersOf(run.record.cgroup);
  if (members) return members;
  const accounted = new Set([...house.runs.values()].flatMap((one) => [one.shimPid, one.process?.pid]));
  accounted.add(process.pid);
  const marks = readMarks(readPids().filter((pid) => !accounted.has(pid)));
  return [
    ...(marks.byMarker.get(markerOf(run.record)) ?? []),
    ...(marks.byLifeLine.get(lifeLinePath(run.folder)) ?? []),
  ];
};
