import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { cacheFolder, type Layout, sharedFolder, stackFolder, treeFolder } from '../model/layout.ts';
import type { Release } from '../model/release.ts';
import type { Source } from '../ports/source.ts';
import type { AssembledEnv } from './assemble-env.ts';
import { restoreCache, saveCache } from './build-cache.ts';
import type { FindUser } from './find-user.ts';
import { chooseOwners, giveTo, letThrough } from './ownership.ts';
import { writePlacedEnv } from './placed-env.ts';
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
  if (owners.tree) await giveTo(owners.tree, tree, signal);
  if (owners.shared) {
    const stackHome = stackFolder(layout, stackName);
    letThrough([
      layout.home,
      dirname(stackHome),
      stackHome,
      dirname(folder),
      folder,
      sharedFolder(layout, stackName),
    ]);
  }
  writePlacedEnv(join(folder, 'env.json'), env);
  writeFileAtomic(join(folder, RECORD), JSON.stringify(recordOf(release)), 0o600);
};

/** Keeps what a build left in the tree of a release. */
export const keepCache = (layout: Layout, { stackName, id, stack }: Release): Promise<void> =>
  saveCache({ tree: treeFolder(layout, stackName, id), cache: cacheFolder(layout, stackName) }, stack.cache);

const RECORD = 'release.json';

/** Whether the folder is that release, whole: another one of the same number would have another record. */
export const isFilledWith = (folder: string, release: Release): boolean => {
  const path = join(folder, RECORD);
  if (!existsSync(path)) return false;
  return readFileSync(path, 'utf8') === JSON.stringify(recordOf(release));
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
