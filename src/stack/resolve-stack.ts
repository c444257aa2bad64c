import type { Bake, Retention, SourceSpec, Stack } from '../model/stack.ts';
import { STACK_DEFAULTS } from './defaults.ts';
import { itemsOf } from './one-or-many.ts';
import { type Folders, resolveHostPath, resolveReleasePath } from './paths.ts';
import { type ResolveContext, resolveEnvironment } from './resolve-program.ts';
import { milliseconds, resolveJob, resolveService } from './resolve-service.ts';
import type { WrittenStack } from './schema/written-stack.ts';
import { parsePercent, parseSize } from './units.ts';

/** Fills in every default and short form. Never fails; the rules judge what comes out. */
export const resolveStack = (written: WrittenStack, context: ResolveContext): Stack => {
  const { places, folders } = context;
  const services = written.services ?? {};
  const jobs = written.jobs ?? {};
  const inOrder = (section: 'services' | 'jobs'): readonly string[] =>
    places.keysOf([section]).filter((name) => Object.hasOwn(section === 'services' ? services : jobs, name));
  return {
    name: written.name,
    source: resolveSource(written.source, folders),
    services: inOrder('services').map((name) =>
      resolveService(name, services[name]!, { ...context, stackName: written.name }),
    ),
    jobs: inOrder('jobs').map((name) => resolveJob(name, jobs[name]!, context)),
    ...resolveEnvironment(written, [], context),
    shared: itemsOf(written.shared, []).map(({ item }) => resolveReleasePath(item)),
    cache: itemsOf(written.cache, []).map(({ item }) => resolveReleasePath(item)),
    retention: resolveRetention(written.retention),
    bake: resolveBake(written.bake),
    warmMs: milliseconds(written.warm, STACK_DEFAULTS.warmMs),
  };
};

const resolveSource = (written: WrittenStack['source'], folders: Folders): SourceSpec => {
  const source = typeof written === 'object' ? written : { folder: written };
  if (source.git === undefined) {
    return {
      kind: 'folder',
      path: resolveHostPath(source.folder ?? STACK_DEFAULTS.source, folders),
      exclude: itemsOf(source.exclude, []).map(({ item }) => item),
    };
  }
  // A relative repository counts from the stack file, not from wherever git happens to run.
  const isHostPath = /^(\.{1,2}|~)(\/|$)/.test(source.git);
  return {
    kind: 'git',
    url: isHostPath ? resolveHostPath(source.git, folders) : source.git,
    ref: source.ref ?? STACK_DEFAULTS.gitRef,
    subfolder: resolveReleasePath(source.subfolder ?? ''),
  };
};

const resolveRetention = (written: WrittenStack['retention']): Retention => ({
  releases: written?.releases ?? STACK_DEFAULTS.retention.releases,
  logBytes: bytes(written?.logs, STACK_DEFAULTS.retention.logBytes),
  archiveBytes: bytes(written?.log_archives, STACK_DEFAULTS.retention.archiveBytes),
});

const resolveBake = (written: WrittenStack['bake']): Bake => {
  const bake = typeof written === 'object' ? written : { for: written };
  return {
    forMs: milliseconds(bake.for, STACK_DEFAULTS.bake.forMs),
    maxErrorShare:
      (bake.max_errors === undefined ? null : parsePercent(bake.max_errors)) ??
      STACK_DEFAULTS.bake.maxErrorShare,
    minRequests: bake.min_requests ?? STACK_DEFAULTS.bake.minRequests,
  };
};

const bytes = (written: string | undefined, otherwise: number): number =>
  (written === undefined ? null : parseSize(written)) ?? otherwise;
