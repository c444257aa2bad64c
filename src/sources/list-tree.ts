// What a folder holds, as data: sorted, judged, without following a link.
import { type BigIntStats, existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exhaustionOf, Failure, Refusal } from '../model/error.ts';
import { type Ignore, compileIgnore } from './ignore-pattern.ts';
import type { Pace } from './pace.ts';
import type { Git } from './run-git.ts';

export type TreeEntry =
  | { readonly path: string; readonly type: 'file'; readonly stat: BigIntStats }
  | { readonly path: string; readonly type: 'link'; readonly target: string }
  /** Only those that are empty: the others follow from what is in them. */
  | { readonly path: string; readonly type: 'folder' };

export type ListOptions = {
  readonly root: string;
  /** Patterns as in a .gitignore at the root. */
  readonly exclude: readonly string[];
  /** Absolute paths that are left out. */
  readonly skip: readonly string[];
  /** Absent: every file is listed, also in a git work tree. */
  readonly git?: Git;
  readonly pace: Pace;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Every file, link and empty folder below `root`, sorted by path; in a git work tree what git does not ignore. `.git`
 * is never part of it. Refusals: `source.missing`; `source.unsafe` for links that lead out, devices, sockets and FIFOs.
 */
export const listTree = async (options: ListOptions): Promise<readonly TreeEntry[]> => {
  const { root, exclude, skip } = options;
  mustBeFolder(root);
  const ignore = compileIgnore(exclude);
  const isLeftOut = (path: string, isFolder: boolean): boolean =>
    ignore(path, isFolder) || skip.includes(join(root, path));
  const known = await askGit(options);
  const entries =
    known === null ? await walk('', options, isLeftOut) : await judgeAll(known, options, isLeftOut);
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
};

const mustBeFolder = (root: string): void => {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  // The folder itself may be a link: that is how people point at a checkout.
  if (stat?.isDirectory() || (stat?.isSymbolicLink() && existsSync(join(root, '.')))) return;
  throw new Refusal(
    'source.missing',
    `Cannot read the source "${root}": ${stat ? 'it is no folder' : 'there is no such folder'}, a folder is required`,
    { fix: 'correct source in the stack file' },
  );
};

// Null where git has nothing to say: no work tree, no git, or a folder that its repository ignores as a whole.
const askGit = async ({ root, git, signal }: ListOptions): Promise<readonly string[] | null> => {
  if (!git || !isInWorkTree(root)) return null;
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { code, stdout } = await git({ folder: root, args, signal });
  const paths = stdout.split('\0').filter((path) => path !== '');
  return code === 0 && paths.length > 0 ? [...new Set(paths)] : null;
};

const isInWorkTree = (folder: string): boolean =>
  existsSync(join(folder, '.git')) || (folder !== dirname(folder) && isInWorkTree(dirname(folder)));

const judgeAll = async (
  paths: readonly string[],
  options: ListOptions,
  isLeftOut: Ignore,
): Promise<TreeEntry[]> => {
  const entries: TreeEntry[] = [];
  for (const listed of paths) {
    await options.pace();
    // A repository inside the repository comes as one folder.
    const path = listed.replace(/\/$/, '');
    if (isLeftOut(path, listed !== path)) continue;
    const stat = look(options.root, path);
    if (!stat) continue;
    if (stat.isDirectory()) entries.push(...(await walk(path, options, isLeftOut)));
    else entries.push(judge(options.root, path, stat));
  }
  return entries;
};

const walk = async (folder: string, options: ListOptions, isLeftOut: Ignore): Promise<TreeEntry[]> => {
  const entries: TreeEntry[] = [];
  const names = namesIn(join(options.root, folder));
  for (const name of names) {
    await options.pace();
    const path = folder === '' ? name : `${folder}/${name}`;
    const stat = look(options.root, path);
    if (name === '.git' || !stat || isLeftOut(path, stat.isDirectory())) continue;
    if (stat.isDirectory()) entries.push(...(await walk(path, options, isLeftOut)));
    else entries.push(judge(options.root, path, stat));
  }
  if (names.length === 0 && folder !== '') entries.push({ path: folder, type: 'folder' });
  return entries;
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
};

// The kernel takes 4,095 bytes (PATH_MAX, limits.h(0p)), and the release's own folder comes before it.
const LONGEST_PATH = 3500;

// Undefined where it is gone meanwhile, or was removed without telling git.
const look = (root: string, path: string): BigIntStats | undefined => {
  if (path.includes('\uFFFD')) throw unsafe(path, 'its name is not UTF-8', 'a name in UTF-8');
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH) {
    const required = `one of at most ${LONGEST_PATH} bytes`;
    throw unsafe(`${path.slice(0, 100)}...`, `its path has ${length} bytes`, required);
  }
  return lstatSync(join(root, path), { bigint: true, throwIfNoEntry: false });
};

const judge = (root: string, path: string, stat: BigIntStats): TreeEntry => {
  if (stat.isFile()) return { path, type: 'file', stat };
  if (!stat.isSymbolicLink()) throw unsafe(path, `it is ${describeKind(stat)}`, 'a file, link or folder');
  const target = readlinkSync(join(root, path));
  if (!staysInside(path, target)) {
    throw unsafe(path, `it is a link to "${target}"`, 'a link to a place within the tree');
  }
  return { path, type: 'link', target };
};

/**
 * Whether a link at `path` can only lead into its own tree, whatever other links the tree holds. So `..` counts only
 * at the beginning of a target, where it climbs real folders: behind a name it would climb from wherever that leads.
 */
export const staysInside = (path: string, target: string): boolean => {
  if (target.startsWith('/') || target === '') return false;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const climbs = parts.findIndex((part) => part !== '..');
  const up = climbs < 0 ? parts.length : climbs;
  if (parts.slice(up).includes('..')) return false;
  return up <= path.split('/').length - 1;
};

const describeKind = (stat: BigIntStats): string => {
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
};

const unsafe = (path: string, fact: string, required: string): Refusal =>
  new Refusal('source.unsafe', `Cannot take "${path}" into a release: ${fact}, ${required} is required`, {
    fix: `remove it, or add "/${path}" to source.exclude in the stack file`,
  });

/** A part of the source that is there and can not be read, or that is gone while it is read. */
export const unreadable = (path: string, error: unknown): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return moved(path);
  if (code === undefined || exhaustionOf(error) !== null) return error;
  return new Failure('source.unreadable', `Cannot read "${path}": ${code}, a readable file is required`, {
    cause: error,
  });
};

export const moved = (path: string): Failure =>
  new Failure(
    'source.moved',
    `Cannot copy "${path}": it changed before all of it was copied, a source that holds still is required`,
    {
      fix: 'ask for the deploy again',
      retryable: true,
    },
  );
