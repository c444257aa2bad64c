import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunSpec } from '../../ports/driver.ts';
import { isReadByLoaders } from './loader-variables.ts';
import { argvOf, dropTo } from './resolve-program.ts';
import type { HostUser } from './resolve-user.ts';
import { foldersOf } from './run-cgroup.ts';
import { lifeLinePath, markerOf, type RunRecord } from './run-record.ts';
import type { Tools } from './tools.ts';

/** The program's two output files, open, and how long they are before it writes. */
export type Outputs = {
  readonly stdout: number;
  readonly stderr: number;
  readonly stdoutStart: number;
  readonly stderrStart: number;
};

/** Opens both for appending, made where they are not there; of the user's own, who may open them again by name. */
export const openOutputs = (spec: RunSpec, user: HostUser | null): Outputs => {
  const stdout = openOutput(spec.stdoutPath, user);
  try {
    const stderr = openOutput(spec.stderrPath, user);
    return {
      stdout,
      stderr,
      stdoutStart: fstatSync(stdout).size,
      stderrStart: fstatSync(stderr).size,
    };
  } catch (error) {
    closeSync(stdout);
    throw error;
  }
};

export const closeOutputs = ({ stdout, stderr }: Outputs): void => {
  closeSync(stdout);
  closeSync(stderr);
};

export type LaunchParts = {
  /** The shim's own file. */
  readonly shim: string;
  readonly folder: string;
  readonly record: RunRecord;
  readonly spec: RunSpec;
  readonly user: HostUser | null;
  readonly outputs: Outputs;
  readonly tools: Tools;
};

/** Starts the shim. Throws, or answers a child without a pid, where the system refuses. */
export const spawnShim = (parts: LaunchParts): ChildProcess => {
  const { folder, record, spec, user, outputs, tools } = parts;
  // Read and write, so that a shim can always write into it: without an agent nobody else reads.
  const lifeLine = openSync(lifeLinePath(folder), constants.O_RDWR | constants.O_APPEND);
  try {
    return spawn(tools.sh, shimArguments(parts), {
      cwd: spec.workingFolder,
      env: shimEnvironment(spec, record, user),
      detached: true,
      stdio: ['ignore', outputs.stdout, outputs.stderr, lifeLine],
    });
  } finally {
    closeSync(lifeLine);
  }
};

const openOutput = (path: string, user: HostUser | null): number => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // A link in its place could lead anywhere, and a FIFO would block.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
  if (user && fstatSync(fd).uid !== user.uid) fchownSync(fd, user.uid, user.gid);
  return fd;
};

const shimArguments = ({ shim, folder, record, spec, user, tools }: LaunchParts): readonly string[] => {
  const held = user ? Object.entries(spec.env).filter(([name]) => isReadByLoaders(name)) : [];
  return [
    shim,
    folder,
    record.generation,
    ...foldersOf(record.cgroup).map((group) => join(group, 'cgroup.procs')),
    '--',
    tools.setsid,
    ...(user ? [tools.setpriv!, ...dropTo(user)] : []),
    ...(held.length > 0 ? [tools.env, ...held.map(([name, value]) => `${name}=${value}`)] : []),
    ...argvOf(spec),
  ];
};

const shimEnvironment = (spec: RunSpec, record: RunRecord, user: HostUser | null): NodeJS.ProcessEnv => {
  const { REEVE_RUN: _marker, ...env } = spec.env;
  if (!user) return { ...env, REEVE_SHIM: markerOf(record) };
  const kept = Object.entries(env).filter(([name]) => !isReadByLoaders(name));
  // A home that the agent's own environment lent it is not one that somebody wrote down.
  const home = env.HOME === undefined || env.HOME === process.env.HOME ? user.home : env.HOME;
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    USER: user.name,
    LOGNAME: user.name,
    REEVE_SHIM: markerOf(record),
  };
};
