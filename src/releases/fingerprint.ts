import { createHash } from 'node:crypto';
import type { Name } from '../model/names.ts';
import type { Revision } from '../model/release.ts';
import type { Service, Stack } from '../model/stack.ts';

/** The sha256 of a value as JSON with sorted keys: equal values, equal text. */
export const fingerprintOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex');

export type Environments = {
  readonly perService: Readonly<Record<Name, Readonly<Record<string, string>>>>;
  readonly perJob: Readonly<Record<Name, Readonly<Record<string, string>>>>;
};

/**
 * Of each service, what makes one copy of it another program than the next. A running copy goes on under the
 * definition of the release it was started from, so everything that driver and supervision read is in it; what the
 * edge and the planner read anew (routes, replicas, strategy, order, drain, hold) is not, and neither is the release.
 */
export const serviceFingerprints = (
  stack: Stack,
  revision: Revision,
  env: Environments,
): Readonly<Record<Name, string>> => {
  const tree = treeFingerprint(stack, revision, env);
  return Object.fromEntries(
    stack.services.map((service) => [
      service.name,
      serviceFingerprint(service, tree, env.perService[service.name] ?? {}),
    ]),
  );
};

/** Of one service, given what its tree is made of. */
const serviceFingerprint = (
  { command, port, health, stop, limits, user, workingFolder, restart }: Service,
  tree: string,
  env: Readonly<Record<string, string>>,
): string => fingerprintOf({ command, port, health, stop, limits, user, workingFolder, restart, tree, env });

/** Of what a release's files come from: the source, the links into the shared folder, and whatever builds in it. */
const treeFingerprint = (stack: Stack, revision: Revision, env: Environments): string =>
  fingerprintOf({
    revision: { kind: revision.kind, id: revision.id },
    shared: stack.shared,
    builds: stack.jobs
      .filter(({ phase }) => phase === 'build')
      .map(({ name, command, workingFolder, user }) => ({
        command,
        workingFolder,
        user,
        env: env.perJob[name],
      })),
  });

const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
