// What a driver is told about one program. Pure but for the user database: no folder is made, nothing is started.
import { join, resolve } from 'node:path';
import { Defect } from '../model/error.ts';
import { instanceLogPath, jobLogPath, type Layout, sharedFolder, treeFolder } from '../model/layout.ts';
import { instanceId, toName } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { Job, Limits, Service } from '../model/stack.ts';
import type { RunSpec } from '../ports/driver.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { expandCommand } from '../stack/expand-command.ts';
import type { Env } from './assemble-env.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { FindUser } from './find-user.ts';

export type SpecContext = {
  readonly layout: Layout;
  readonly agentEnv: Readonly<Record<string, string | undefined>>;
  readonly findUser: FindUser;
};

/** What every program gets of Reeve itself; `PORT` comes with a port, `REEVE_JOB` with a job. */
export const OWN_VARIABLES = [
  'REEVE_STACK',
  'REEVE_RELEASE',
  'REEVE_SHARED',
  'REEVE_SERVICE',
  'REEVE_INSTANCE',
];

const NO_LIMITS: Limits = { memoryBytes: null, cpus: null, tasks: null };

/** One instance of a service. What Reeve itself sets wins over the stack's own variables. */
export const describeInstance = (
  context: SpecContext,
  release: Release,
  {
    service,
    instance,
    env,
  }: { readonly service: Service; readonly instance: DesiredInstance; readonly env: Env },
): RunSpec => {
  const { stackName } = release;
  const id = instanceId(instance);
  const own: Record<string, string> = { REEVE_SERVICE: service.name, REEVE_INSTANCE: id };
  if (instance.port !== null) own.PORT = String(instance.port);
  return complete(context, release, {
    id,
    program: service,
    env: { ...env, ...own },
    limits: service.limits,
    stdoutPath: instanceLogPath(context.layout, stackName, id, 'out'),
    stderrPath: instanceLogPath(context.layout, stackName, id, 'err'),
  });
};

/** One run of a job, as part of a change. */
export const describeJob = (
  context: SpecContext,
  release: Release,
  { job, change, env }: { readonly job: Job; readonly change: number; readonly env: Env },
): RunSpec =>
  complete(context, release, {
    id: `job-${change}-${toName(job.name)}`,
    program: job,
    env: { ...env, REEVE_JOB: job.name },
    limits: NO_LIMITS,
    stdoutPath: jobLogPath(context.layout, release.stackName, change, job.name, 'out'),
    stderrPath: jobLogPath(context.layout, release.stackName, change, job.name, 'err'),
  });

type Parts = Pick<RunSpec, 'id' | 'env' | 'limits' | 'stdoutPath' | 'stderrPath'> & {
  readonly program: Service | Job;
};

const complete = (context: SpecContext, release: Release, { program, ...parts }: Parts): RunSpec => {
  const { layout } = context;
  const { stackName, id } = release;
  const env = {
    ...baseEnv(context, program.user),
    ...parts.env,
    REEVE_STACK: stackName,
    REEVE_RELEASE: String(id),
    REEVE_SHARED: sharedFolder(layout, stackName),
  };
  const spec = {
    ...parts,
    stack: stackName,
    command: expandCommand(program.command, env),
    workingFolder: inTree(treeFolder(layout, stackName, id), program.workingFolder),
    env,
    user: program.user,
  };
  // Of this exact run, release folder and all; whether two releases run the same is for `serviceFingerprints` to say.
  return { ...spec, fingerprint: fingerprintOf(spec) };
};

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// A few variables of the agent and none else: what it was started with must not leak into every program.
export const inheritedEnv = (agentEnv: SpecContext['agentEnv']): Record<string, string> => {
  const env: Record<string, string> = { PATH: agentEnv.PATH || DEFAULT_PATH };
  for (const name of ['HOME', 'LANG', 'TZ', 'REEVE_NODE'] as const) {
    const value = agentEnv[name];
    if (value) env[name] = value;
  }
  return env;
};

const baseEnv = ({ agentEnv, findUser }: SpecContext, user: string | null): Record<string, string> => {
  const env = inheritedEnv(agentEnv);
  // The agent's own home is no place that another user could read.
  if (user !== null) Object.assign(env, { HOME: findUser(user)?.home ?? '/', USER: user, LOGNAME: user });
  return env;
};

const inTree = (tree: string, workingFolder: string): string => {
  if (workingFolder.startsWith('/')) return workingFolder;
  const path = join(tree, workingFolder);
  if (path !== resolve(tree) && !path.startsWith(`${tree}/`)) {
    throw new Defect(`working folder "${workingFolder}" leads out of the release`);
  }
  return path.replace(/\/$/, '');
};
