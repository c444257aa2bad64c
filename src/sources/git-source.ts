import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, Refusal } from '../model/error.ts';
import type { Revision } from '../model/release.ts';
import type { SourceSpec } from '../model/stack.ts';
import type { Redactor } from '../ports/redactor.ts';
import { checkRef, type GitAddress, loginSettings, parseGitAddress, secretsOf } from './git-address.ts';
import { toGitError } from './git-error.ts';
import { listTree } from './list-tree.ts';
import { makePace } from './pace.ts';
import type { Git, GitResult, GitRun } from './run-git.ts';

export type GitSpec = Extract<SourceSpec, { kind: 'git' }>;

export type GitSource = {
  readonly resolve: (spec: GitSpec, signal?: AbortSignal) => Promise<Revision>;
  readonly place: (spec: GitSpec, revision: Revision, into: string, signal?: AbortSignal) => Promise<void>;
};

export type GitSourceOptions = {
  readonly git: Git;
  /** One bare mirror per repository is kept in here. */
  readonly cacheFolder: string;
  readonly redactor: Redactor;
};

const FETCH_MS = 10 * 60_000;
const MIRROR_DAYS = 30;

/** Git repositories. A revision is a commit; submodules are not part of it, and a tree that has some is refused. */
export const createGitSource = (options: GitSourceOptions): GitSource => {
  // Two fetches into one mirror would stumble over each other's locks.
  const queues = new Map<string, Promise<unknown>>();
  const inTurn = <T>(mirror: string, work: () => Promise<T>): Promise<T> => {
    const turn = (queues.get(mirror) ?? Promise.resolve()).then(work, work);
    queues.set(mirror, turn);
    return turn;
  };
  const open = (spec: GitSpec, signal: AbortSignal | undefined): Mirror => {
    const address = parseGitAddress(spec.url);
    options.redactor.learn(secretsOf(address));
    const name = createHash('sha256').update(address.url).digest('hex').slice(0, 24);
    const folder = join(options.cacheFolder, 'git', `${name}.git`);
    const run: Mirror['run'] = (args, more = {}) => {
      // Named, so that git never finds another repository in a folder above.
      const env = { ...more.env, GIT_DIR: folder };
      return options.git({ folder, args, signal, ...more, env });
    };
    return { address, folder, run, signal };
  };
  return {
    resolve: async (spec, signal) => {
      checkRef(spec.ref);
      const mirror = open(spec, signal);
      return await inTurn(mirror.folder, async () => {
        await fetchAll(mirror, spec.ref === 'HEAD' ? [...REFS, `+HEAD:${REMOTE_HEAD}`] : REFS);
        return await findRevision(mirror, spec);
      });
    },
    place: async (spec, revision, into, signal) => {
      const mirror = open(spec, signal);
      return await inTurn(mirror.folder, async () => {
        if (!(await hasCommit(mirror, revision.id))) await fetchAll(mirror);
        if (!(await hasCommit(mirror, revision.id))) throw gone(mirror, revision.id);
        await checkOut(mirror, { commit: revision.id, subfolder: spec.subfolder, into });
      });
    },
  };
};

type Mirror = {
  readonly address: GitAddress;
  readonly folder: string;
  /** Git with the mirror as its repository. */
  readonly run: (args: readonly string[], more?: Partial<GitRun>) => Promise<GitResult>;
  readonly signal: AbortSignal | undefined;
};

const mustSucceed = (mirror: Mirror, result: GitResult): string => {
  if (result.code !== 0) throw toGitError(result, mirror.address.url);
  return result.stdout;
};

// All branches and tags, whatever was there before: a force-push is no obstacle.
const REFS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

// The mirror's own HEAD leads nowhere in particular.
const REMOTE_HEAD = 'refs/reeve/HEAD';

const fetchAll = async (mirror: Mirror, refs: readonly string[] = REFS): Promise<void> => {
  const { address, folder, run } = mirror;
  const isNew = !isMirror(folder);
  if (isNew) await makeMirror(mirror);
  const { args, env } = loginSettings(address);
  const fetch = [
    ...args,
    'fetch',
    '--quiet',
    '--prune',
    '--force',
    '--no-auto-gc',
    '--',
    address.url,
    ...refs,
  ];
  let result = await run(fetch, { env, timeoutMs: FETCH_MS });
  if (result.code !== 0 && !isNew && (await isSpoilt(mirror, result))) {
    await makeMirror(mirror);
    result = await run(fetch, { env, timeoutMs: FETCH_MS });
  }
  mustSucceed(mirror, result);
  utimesSync(folder, new Date(), new Date());
  await dropUnused(dirname(folder));
};

// Not the server's doing: the mirror is damaged, or has a lock of a fetch that was killed. It is only a copy.
const isSpoilt = async (mirror: Mirror, result: GitResult): Promise<boolean> =>
  toGitError(result, mirror.address.url).report.code === 'source.git' ||
  (await mirror.run(['rev-parse', '--git-dir'])).code !== 0;

const isMirror = (folder: string): boolean =>
  statSync(join(folder, 'HEAD'), { throwIfNoEntry: false }) !== undefined;

const makeMirror = async (mirror: Mirror): Promise<void> => {
  const { folder } = mirror;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mustSucceed(mirror, await mirror.run(['init', '--quiet', '--bare', '--template=']));
};

// Whoever needs it again fetches it again.
const dropUnused = async (mirrors: string): Promise<void> => {
  const oldest = Date.now() - MIRROR_DAYS * 86_400_000;
  for (const name of readdirSync(mirrors)) {
    const path = join(mirrors, name);
    if (statSync(path).mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
};

const findRevision = async (mirror: Mirror, { ref, subfolder }: GitSpec): Promise<Revision> => {
  const candidates = ref === 'HEAD' ? [REMOTE_HEAD] : [`refs/heads/${ref}`, `refs/tags/${ref}`, ref];
  for (const candidate of candidates) {
    const found = await mirror.run(['rev-parse', '--verify', '--quiet', `${candidate}^{commit}`]);
    if (found.code !== 0) continue;
    const id = found.stdout.trim();
    await treeOf(mirror, id, subfolder);
    const summary = mustSucceed(mirror, await mirror.run(['show', '--no-patch', '--format=%s', id])).trim();
    return { kind: 'git', id, summary: summary.slice(0, 200).toWellFormed() };
  }
  throw new Refusal(
    'source.missing',
    `Cannot find "${ref}" in "${mirror.address.url}": it is no branch, tag or revision there`,
    { fix: 'correct source.ref in the stack file, or push it' },
  );
};

const hasCommit = async (mirror: Mirror, id: string): Promise<boolean> =>
  isMirror(mirror.folder) && (await mirror.run(['cat-file', '-e', `${id}^{commit}`])).code === 0;

const treeOf = async (mirror: Mirror, commit: string, subfolder: string): Promise<string> => {
  const path = subfolder.replace(/^(?:\.?\/)+|\/+$/g, '');
  const name = path === '' || path === '.' ? `${commit}^{tree}` : `${commit}:${path}`;
  const found = await mirror.run(['rev-parse', '--verify', '--quiet', name]);
  const tree = found.stdout.trim();
  const kind = found.code === 0 ? (await mirror.run(['cat-file', '-t', tree])).stdout.trim() : '';
  if (kind === 'tree') return tree;
  throw new Refusal(
    'source.missing',
    `Cannot find the folder "${subfolder}" in "${mirror.address.url}" at ${commit.slice(0, 10)}, a folder is required`,
    { fix: 'correct source.subfolder in the stack file' },
  );
};

type CheckOut = { readonly commit: string; readonly subfolder: string; readonly into: string };

// An index of its own beside the target: the mirror has none, and two releases must not share one.
const checkOut = async (mirror: Mirror, { commit, subfolder, into }: CheckOut): Promise<void> => {
  const tree = await treeOf(mirror, commit, subfolder);
  const index = `${into}.index`;
  const run = async (...args: string[]): Promise<string> => {
    const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: into };
    return mustSucceed(mirror, await mirror.run(args, { folder: into, env, timeoutMs: FETCH_MS }));
  };
  try {
    await run('read-tree', tree);
    refuseSubmodules(await run('ls-files', '--stage', '-z'));
    await run('checkout-index', '--all', '--force');
  } finally {
    rmSync(index, { force: true });
    rmSync(`${index}.lock`, { force: true });
  }
  // Judges every link that the commit brought.
  await listTree({ root: into, exclude: [], skip: [], pace: makePace(mirror.signal) });
};

const refuseSubmodules = (stages: string): void => {
  const submodule = stages.split('\0').find((line) => line.startsWith('160000 '));
  if (submodule === undefined) return;
  const path = submodule.slice(submodule.indexOf('\t') + 1);
  throw new Refusal(
    'source.unsafe',
    `Cannot take "${path}" into a release: it is a submodule, files of the repository itself are required`,
    { fix: 'bring it in as ordinary files, or fetch it in a build job' },
  );
};

const gone = (mirror: Mirror, commit: string): Failure =>
  new Failure(
    'source.moved',
    `Cannot find ${commit.slice(0, 10)} in "${mirror.address.url}": it was rewritten since, a commit of a branch or tag is required`,
    { fix: 'ask for the deploy again', retryable: true },
  );
