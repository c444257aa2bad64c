import { chmodSync, statSync } from 'node:fs';
import { Refusal } from '../model/error.ts';
import type { Stack } from '../model/stack.ts';
import type { FindUser, HostUser } from './find-user.ts';
import { runTool } from './run-tool.ts';

export type Owners = { readonly tree: HostUser | null; readonly shared: HostUser | null };

/**
 * Whose the tree and the shared folders become; null: the agent's own. Where the agent is root and the services and
 * jobs name exactly one other user, all is that user's, so that builds and services can write it. With several users
 * the tree stays root's, for everybody to read as far as its modes say, and shared folders are the first one's.
 */
export const chooseOwners = (stack: Stack, findUser: FindUser): Owners => {
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

/** Opens folders for passing through: a user who may not look into one may still have to. */
export const letThrough = (folders: readonly string[]): void => {
  for (const folder of folders) {
    const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0o011;
    if ((mode & 0o011) !== 0o011) chmodSync(folder, (mode & 0o7777) | 0o011);
  }
};

/** Gives a whole tree to a user; links themselves and never what they lead to. */
export const giveTo = (owner: HostUser, tree: string, signal?: AbortSignal): Promise<void> =>
  runTool('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, '--', tree], signal);
