import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { Refusal } from '../model/error.ts';
import { cacheFolder, type Layout, sharedFolder, stackFolder } from '../model/layout.ts';
import type { Release } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';
import type { Source } from '../ports/source.ts';
import type { AssembledEnv } from './assemble-env.ts';
import { restoreCache } from './build-cache.ts';
import { type FindUser, type HostUser, ownerText } from './find-user.ts';
import { writePlacedEnv } from './placed-env.ts';
import { runTool } from './run-tool.ts';
import { linkShared, mustBeInside } from './shared-folders.ts';

export type Filling = {
  readonly layout: Layout;
  readonly source: Source;
  readonly findUser: FindUser;
  readonly release: Release;
  readonly env: AssembledEnv;
  /** Where the release is made; nothing is there yet. */
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
};

/** Makes all of a release folder: `tree/`, `env.json`, and `release.json` that says what it is. */
export const fillRelease = async (filling: Filling): Promise<void> => {
  const { layout, source, release, env, folder, signal } = filling;
  const { stack, stackName } = release;
  const [shared, cache] = [stack.shared.map(mustBeInside), stack.cache.map(mustBeInside)];
  const owners = chooseOwners(stack, filling.findUser);
  const tree = join(folder, 'tree');
  mkdirSync(folder, { mode: 0o711 });
  mkdirSync(tree, { mode: 0o755 });
  await source.place(stack.source, release.revision, tree, signal);
  await restoreCache({ tree, cache: cacheFolder(layout, stackName) }, cache, signal);
  await linkShared({ tree, shared: sharedFolder(layout, stackName), owner: owners.shared }, shared);
  if (owners.tree) await runTool('chown', ['-R', '-h', ownerText(owners.tree), '--', tree], signal);
  if (owners.shared) {
    letThrough([layout.home, dirname(stackFolder(layout, stackName)), stackFolder(layout, stackName)]);
  }
  writePlacedEnv(join(folder, 'env.json'), env);
  writeFileAtomic(join(folder, RECORD), JSON.stringify(recordOf(release)), 0o600);
};

const RECORD = 'release.json';

/** Whether the folder is that release, whole: another one of the same number would have another record. */
export const isFilledWith = (folder: string, release: Release): boolean => {
  const path = join(folder, RECORD);
  if (!existsSync(path)) return false;
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return isDeepStrictEqual(record, JSON.parse(JSON.stringify(recordOf(release))));
};

// What never changes about a release.
const recordOf = ({ id, stackName, revision, stack, envFingerprint, createdAt }: Release): unknown => ({
  id,
  stackName,
  revision,
  stack,
  envFingerprint,
  createdAt,
});

type Owners = { readonly tree: HostUser | null; readonly shared: HostUser | null };

/**
 * Whose the tree and the shared folders become; null: the agent's own. Where the agent is root and the services and
 * jobs name exactly one other user, all is that user's, so that builds and services can write it. With several users
 * the tree stays root's, for everybody to read as far as its modes say, and shared folders are the first one's.
 */
const chooseOwners = (stack: Stack, findUser: FindUser): Owners => {
  if (process.getuid?.() !== 0) return { tree: null, shared: null };
  const names = new Set([...stack.services, ...stack.jobs].flatMap(({ user }) => user ?? []));
  names.delete('root');
  const [first = null] = [...names].map((name) => findUser(name) ?? noUser(name));
  return { tree: names.size === 1 ? first : null, shared: first };
};

const noUser = (name: string): never => {
  throw new Refusal(
    'release.no-user',
    `Cannot give the release to user "${name}": this host has none, a user is required`,
    { fix: `useradd --system --create-home ${name}` },
  );
};

// A user who may not look into a folder may still have to pass through it.
const letThrough = (folders: readonly string[]): void => {
  for (const folder of folders) {
    const { mode } = statSync(folder);
    if ((mode & 0o011) !== 0o011) chmodSync(folder, (mode & 0o777) | 0o011);
  }
};
