// Releases on disk. A release folder is there whole or not at all: it is made aside and renamed into place. This room
// never decides which release is needed, and never starts anything of one.
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureFolder, syncFolder } from '../kit/atomic-file.ts';
import { Defect, Failure } from '../model/error.ts';
import { cacheFolder, type Layout, releaseFolder, stackFolder, treeFolder } from '../model/layout.ts';
import { type Name, toName } from '../model/names.ts';
import { hasErrors } from '../model/problem.ts';
import type { Release } from '../model/release.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { ReleaseDisk } from '../ports/release-disk.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import type { Source } from '../ports/source.ts';
import type { AssembledEnv } from './assemble-env.ts';
import { saveCache } from './build-cache.ts';
import { fillRelease, isFilledWith } from './fill-release.ts';
import { createUserFinder } from './find-user.ts';
import { type PlacedEnv, readPlacedEnv } from './placed-env.ts';
import { readEnv } from './read-env.ts';
import { describeInstance, describeJob } from './run-spec.ts';
import { diskFull } from './run-tool.ts';

export type ReleaseDiskOptions = {
  readonly layout: Layout;
  readonly source: Source;
  readonly secrets: SecretSource;
  /** Learns the secrets of every release that is placed or described. */
  readonly redactor: Redactor;
  /** The agent's own; programs inherit PATH, HOME, LANG and TZ of it. */
  readonly agentEnv: Readonly<Record<string, string | undefined>>;
};

/** Releases below the state folder of `layout`. See ports/release-disk for what may be called twice. */
export const createReleaseDisk = (options: ReleaseDiskOptions): ReleaseDisk => {
  const { layout, redactor, agentEnv } = options;
  const findUser = createUserFinder();
  const context = { layout, agentEnv, findUser };
  const known = new Map<string, PlacedEnv>();
  const envOf = ({ stackName, id }: Release): PlacedEnv => {
    const key = `${stackName}/${id}`;
    const env = known.get(key) ?? readPlacedEnv(layout, stackName, id);
    if (!known.has(key)) redactor.learn(env.secretValues);
    known.set(key, env);
    return env;
  };

  return {
    place: async (release, signal) => {
      const folder = folderOf(layout, release.stackName, release.id);
      if (!isFilledWith(folder, release)) {
        const env = await assembleAgain(options, release);
        known.delete(`${release.stackName}/${release.id}`);
        await makeAside(folder, (staging) =>
          fillRelease({ ...options, findUser, release, env, folder: staging, signal }),
        );
      }
      envOf(release);
    },
    saveCache: async ({ stackName, id, stack }) => {
      const place = { tree: treeFolder(layout, stackName, id), cache: cacheFolder(layout, stackName) };
      await orDiskFull(place.cache, () => saveCache(place, stack.cache));
    },
    remove: async (stack, release) => {
      known.delete(`${stack}/${release}`);
      const folder = folderOf(layout, stack, release);
      await sweep(dirname(folder));
      await removeWhole(folder);
    },
    removeStack: async (stack) => {
      for (const key of known.keys()) if (key.startsWith(`${stack}/`)) known.delete(key);
      const folder = stackFolder(layout, toName(stack));
      await sweep(dirname(folder));
      await removeWhole(folder);
    },
    describeInstance: (release, instance) => {
      const service = release.stack.services.find(({ name }) => name === instance.service);
      if (!service) throw new Defect(`release ${release.id} has no service "${instance.service}"`);
      const env = envOf(release).perService[service.name] ?? {};
      return { service, spec: describeInstance(context, release, { service, instance, env }) };
    },
    describeJob: (release, change, job) =>
      describeJob(context, release, { job, change, env: envOf(release).perJob[job.name] ?? {} }),
  };
};

// The one door from a release number to a path.
const folderOf = (layout: Layout, stack: Name, release: number): string => {
  if (!Number.isSafeInteger(release) || release < 1) throw new Defect(`not a release number: ${release}`);
  return releaseFolder(layout, toName(stack), release);
};

const assembleAgain = async (
  { secrets, redactor }: ReleaseDiskOptions,
  { id, stack, envFingerprint }: Release,
): Promise<AssembledEnv> => {
  const env = await readEnv({ stack, stackFile: 'reeve.yaml', secrets });
  redactor.learn(env.secretValues);
  if (env.fingerprint === envFingerprint) return env;
  throw new Failure(
    'env.moved',
    `Cannot place release ${id} of "${stack.name}": its env files changed since it was planned, the same variables are required`,
    {
      fix: 'deploy again: the release is then planned with what the files say now',
      retryable: true,
      ...(hasErrors(env.problems) ? { problems: env.problems } : {}),
    },
  );
};

// A crash leaves nothing but a folder that the next call removes.
const makeAside = async (folder: string, fill: (staging: string) => Promise<void>): Promise<void> => {
  const parent = dirname(folder);
  await orDiskFull(folder, async () => {
    // Others may pass through and see nothing: services run as users of their own.
    ensureFolder(dirname(parent), 0o711);
    ensureFolder(parent, 0o711);
    await sweep(parent);
    const staging = aside(folder, 'new');
    try {
      await fill(staging);
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
    await removeWhole(folder);
    renameSync(staging, folder);
    syncFolder(parent);
  });
};

// Gone in one step for everybody who looks; the work comes after.
const removeWhole = async (folder: string): Promise<void> => {
  if (!existsSync(folder)) return;
  const doomed = aside(folder, 'gone');
  renameSync(folder, doomed);
  await rm(doomed, { recursive: true, force: true });
};

// No name of a stack or release begins with a dot.
const aside = (folder: string, why: 'new' | 'gone'): string =>
  join(dirname(folder), `.${why}-${basename(folder)}.tmp`);

const sweep = async (parent: string): Promise<void> => {
  if (!existsSync(parent)) return;
  const leftovers = readdirSync(parent).filter((name) => name.startsWith('.') && name.endsWith('.tmp'));
  for (const name of leftovers) await rm(join(parent, name), { recursive: true, force: true });
};

const orDiskFull = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(path, error) : error;
  }
};
