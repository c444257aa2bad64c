// Releases on disk. A release folder is there whole or not at all: it is made aside and renamed into place. This room
// never decides which release is needed, and never starts anything of one.
import { Defect } from '../model/error.ts';
import { type Layout, releaseFolder, stackFolder } from '../model/layout.ts';
import { type Name, toName } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { ReleaseDisk } from '../ports/release-disk.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import type { Source } from '../ports/source.ts';
import { fillRelease, isFilledWith, keepCache } from './fill-release.ts';
import { createUserFinder } from './find-user.ts';
import { type PlacedEnv, readPlacedEnv, retireSecrets, secretsOf } from './placed-env.ts';
import { readSameEnv } from './read-env.ts';
import { describeInstance, describeJob } from './run-spec.ts';
import { makeWhole, orDiskFull, removeWhole } from './whole-folder.ts';

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
        const env = await readSameEnv(options, release);
        known.delete(`${release.stackName}/${release.id}`);
        await makeWhole(folder, (staging) =>
          fillRelease({ ...options, findUser, release, env, folder: staging, signal }),
        );
      }
      envOf(release);
    },
    saveCache: (release) => orDiskFull(layout.home, () => keepCache(layout, release)),
    remove: async (stack, release) => {
      known.delete(`${stack}/${release}`);
      const folder = folderOf(layout, stack, release);
      const secrets = secretsOf(layout, stack, release);
      await removeWhole(folder);
      // After it, for the room that it took may be what the disk lacks.
      if (secrets.length > 0) retireSecrets(layout, stack, secrets);
    },
    removeStack: async (stack) => {
      for (const key of known.keys()) if (key.startsWith(`${stack}/`)) known.delete(key);
      await removeWhole(stackFolder(layout, toName(stack)));
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
