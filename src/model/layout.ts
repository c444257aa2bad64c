// Where Reeve keeps its things on disk. The only file that spells paths below the state folder.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type InstanceId, type Name, parseInstanceId, toName } from './names.ts';

export type Layout = {
  /** The state folder. */
  readonly home: string;
  /** The agent's unix socket; short enough for the kernel (107 bytes). */
  readonly socket: string;
};

/**
 * `REEVE_HOME` where set; root: `/var/lib/reeve` and `/run/reeve`; others: XDG folders
 * (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export const resolveLayout = (env: Readonly<Record<string, string | undefined>>, uid: number): Layout => {
  if (env.REEVE_HOME)
    return { home: env.REEVE_HOME, socket: shortSocket(join(env.REEVE_HOME, 'agent.sock'), uid) };
  if (uid === 0) return { home: '/var/lib/reeve', socket: '/run/reeve/agent.sock' };
  const home = join(env.XDG_STATE_HOME || join(env.HOME ?? '/nonexistent', '.local/state'), 'reeve');
  const runtime = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'reeve') : home;
  return { home, socket: shortSocket(join(runtime, 'agent.sock'), uid) };
};

// The kernel takes at most 107 bytes in sun_path (unix(7)).
const shortSocket = (path: string, uid: number): string =>
  Buffer.byteLength(path) <= 107
    ? path
    : `/tmp/reeve-${uid}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}/agent.sock`;

export const databasePath = (layout: Layout): string => join(layout.home, 'reeve.db');
/** JSON: pid, start time, boot id and version of the agent that has this state folder. */
export const agentRecordPath = (layout: Layout): string => join(layout.home, 'agent.json');
export const agentLogPath = (layout: Layout): string => join(layout.home, 'agent.log');
export const edgeFolder = (layout: Layout): string => join(layout.home, 'edge');

/** Mirrors of git repositories, shared by all stacks. */
export const sourcesFolder = (layout: Layout): string => join(layout.home, 'sources');

export const stackFolder = (layout: Layout, stack: Name): string =>
  join(layout.home, 'stacks', toName(stack));
export const releasesFolder = (layout: Layout, stack: Name): string =>
  join(stackFolder(layout, stack), 'releases');
export const releaseFolder = (layout: Layout, stack: Name, release: number): string =>
  join(releasesFolder(layout, stack), String(release));
/** The release's own files: where its programs run. */
export const treeFolder = (layout: Layout, stack: Name, release: number): string =>
  join(releaseFolder(layout, stack, release), 'tree');
/** Every variable of the release's services and jobs, mode 0600. */
export const releaseEnvPath = (layout: Layout, stack: Name, release: number): string =>
  join(releaseFolder(layout, stack, release), 'env.json');
/** What was secret in releases whose folders are gone, mode 0600: logs of theirs may be there still. */
export const retiredSecretsPath = (layout: Layout, stack: Name): string =>
  join(stackFolder(layout, stack), 'retired-secrets.json');
export const sharedFolder = (layout: Layout, stack: Name): string =>
  join(stackFolder(layout, stack), 'shared');
export const cacheFolder = (layout: Layout, stack: Name): string => join(stackFolder(layout, stack), 'cache');
export const runFolder = (layout: Layout, stack: Name): string => join(stackFolder(layout, stack), 'run');
export const logsFolder = (layout: Layout, stack: Name): string => join(stackFolder(layout, stack), 'logs');

/** `logs/<service>/<slot>-<seat>.out`: one file per place, over all releases that sat there. */
export const instanceLogPath = (
  layout: Layout,
  stack: Name,
  id: InstanceId,
  stream: 'out' | 'err',
): string => {
  const place = parseInstanceId(id);
  if (!place) throw new RangeError(`not an instance id: ${id}`);
  return join(logsFolder(layout, stack), place.service, `${place.slot}-${place.seat}.${stream}`);
};

/** `logs/jobs/<change>-<job>.out`. */
export const jobLogPath = (
  layout: Layout,
  stack: Name,
  change: number,
  job: Name,
  stream: 'out' | 'err',
): string => join(logsFolder(layout, stack), 'jobs', `${change}-${toName(job)}.${stream}`);
