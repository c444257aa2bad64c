import { lchownSync, lstatSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Failure, Refusal } from '../model/error.ts';
import type { HostUser } from './find-user.ts';
import { giveTo } from './ownership.ts';
import { runTool } from './run-tool.ts';

export type SharedPlace = {
  readonly tree: string;
  /** The stack's shared folder. */
  readonly shared: string;
  /** Whose the folders become when they are made; null: the agent's own. */
  readonly owner: HostUser | null;
};

/**
 * Makes each path of the tree a link into the shared folder. What the release ships there becomes the first content;
 * what is shared already is never touched. The links are relative, so that a state folder can be moved.
 */
export const linkShared = async (place: SharedPlace, paths: readonly string[]): Promise<void> => {
  // Also where a stack shares no path: programs are told of the folder as REEVE_SHARED.
  mkdirSync(place.shared, { recursive: true, mode: 0o755 });
  for (const path of paths) {
    const at = join(place.tree, path);
    const target = join(place.shared, path);
    if (!exists(target)) await seed(place, path);
    await rm(at, { recursive: true, force: true });
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(relative(dirname(at), target), at);
  }
};

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const seed = async ({ tree, shared, owner }: SharedPlace, path: string): Promise<void> => {
  const shipped = lstatSync(join(tree, path), { throwIfNoEntry: false });
  const target = join(shared, path);
  makeFolders(shared, dirname(path), owner);
  if (shipped === undefined || shipped.isSymbolicLink()) {
    makeFolders(shared, path, owner);
    return;
  }
  if (owner) await giveTo(owner, join(tree, path));
  await move(join(tree, path), target);
};

// Programs own these folders and may have put a link there, which must not lead the agent anywhere.
const makeFolders = (root: string, path: string, owner: HostUser | null): void => {
  let at = root;
  for (const part of path.split('/').filter((it) => it !== '' && it !== '.')) {
    at = join(at, part);
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory()) continue;
    if (stat) {
      throw new Refusal(
        'release.shared-taken',
        `Cannot make the shared folder "${at}": a file or link is there, a folder is required`,
        { fix: `move ${at} away` },
      );
    }
    mkdirSync(at, { mode: 0o755 });
    if (owner) lchownSync(at, owner.uid, owner.gid);
  }
};

// One rename, so that there is never half of it; by a copy where the shared folder is on another disk.
const move = async (from: string, to: string): Promise<void> => {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const aside = `${to}.tmp`;
    await rm(aside, { recursive: true, force: true });
    await runTool('cp', ['-a', '-T', '--', from, aside]);
    renameSync(aside, to);
  }
};

/** Defence in depth: the stack room has checked it already. */
export const mustBeInside = (path: string): string => {
  const parts = path.split('/');
  if (path !== '' && !path.startsWith('/') && !parts.includes('..') && !path.includes('\0')) return path;
  throw new Failure(
    'release.bad-path',
    `Cannot use "${path}" in a release: a path within the release is required`,
  );
};
