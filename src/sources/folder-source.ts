import { createHash } from 'node:crypto';
import { chmodSync, constants, copyFileSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Revision } from '../model/release.ts';
import type { SourceSpec } from '../model/stack.ts';
import { createHashCache, hashFile, type HashCache, SMALL_BYTES } from './hash-file.ts';
import { listTree, moved, type TreeEntry, unreadable } from './list-tree.ts';
import { makePace } from './pace.ts';
import type { Git } from './run-git.ts';

export type FolderSpec = Extract<SourceSpec, { kind: 'folder' }>;

export type FolderSource = {
  readonly resolve: (spec: FolderSpec, signal?: AbortSignal) => Promise<Revision>;
  readonly place: (spec: FolderSpec, revision: Revision, into: string, signal?: AbortSignal) => Promise<void>;
};

/** Folders of this host. A revision is the hash of every path, kind, executable bit and content in it. */
export const createFolderSource = (options: {
  readonly git: Git;
  readonly skip: readonly string[];
}): FolderSource => {
  const cache = createHashCache();
  const read = async (spec: FolderSpec, signal?: AbortSignal): Promise<readonly HashedEntry[]> => {
    const { path: root, exclude } = spec;
    const pace = makePace(signal);
    const entries = await listTree({ root, exclude, ...options, pace, signal });
    const hashed: HashedEntry[] = [];
    for (const entry of entries) {
      await pace();
      hashed.push({ ...entry, hash: await hashEntry(root, entry, cache) });
    }
    cache.keepOnly(root, new Set(entries.map(({ path }) => join(root, path))));
    return hashed;
  };
  return {
    resolve: async (spec, signal) => ({
      kind: 'folder',
      id: revisionOf(await read(spec, signal)),
      summary: basename(spec.path) || '/',
    }),
    place: async (spec, revision, into, signal) => {
      const entries = await read(spec, signal);
      if (revisionOf(entries) !== revision.id) throw moved(spec.path);
      const pace = makePace(signal);
      for (const entry of entries) {
        await pace();
        await copyEntry(spec.path, entry, into);
      }
    },
  };
};

type HashedEntry = TreeEntry & { readonly hash: string };

const hashEntry = async (root: string, entry: TreeEntry, cache: HashCache): Promise<string> => {
  if (entry.type === 'link') return entry.target;
  if (entry.type === 'folder') return '';
  try {
    return await cache.hash(join(root, entry.path), entry.stat);
  } catch (error) {
    throw unreadable(join(root, entry.path), error);
  }
};

const isExecutable = (entry: TreeEntry): boolean =>
  entry.type === 'file' && (entry.stat.mode & 0o100n) !== 0n;

const revisionOf = (entries: readonly HashedEntry[]): string => {
  const hash = createHash('sha256');
  // NUL can be in no path and no target, so that no two trees give the same text.
  for (const entry of entries) {
    hash.update(`${entry.type}\0${isExecutable(entry) ? 'x' : '-'}\0${entry.path}\0${entry.hash}\0`);
  }
  return hash.digest('hex');
};

const copyEntry = async (root: string, entry: HashedEntry, into: string): Promise<void> => {
  const from = join(root, entry.path);
  const to = join(into, entry.path);
  mkdirSync(entry.type === 'folder' ? to : dirname(to), { recursive: true });
  if (entry.type === 'folder') return;
  if (entry.type === 'link') return symlinkSync(entry.target, to);
  await copyContent(from, to, entry.stat.size);
  // The copy and not the original is what will run, so it is the copy that has to have the content.
  if ((await hashFile(to)) !== entry.hash) throw moved(from);
  chmodSync(to, Number(entry.stat.mode & 0o777n));
  utimesSync(to, Number(entry.stat.mtimeMs) / 1000, Number(entry.stat.mtimeMs) / 1000);
};

// Blocks are shared with the original where the file system can (ioctl_ficlone(2)).
const COPY = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;

const copyContent = async (from: string, to: string, size: bigint): Promise<void> => {
  try {
    if (size > BigInt(SMALL_BYTES)) await copyFile(from, to, COPY);
    else copyFileSync(from, to, COPY);
  } catch (error) {
    throw unreadable(from, error);
  }
};
