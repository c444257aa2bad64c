// Fetches the bits of a release and proves what they are. It promises that a folder it filled holds exactly the
// revision named, and nothing that leads out of it; it must never know what the bits are for.
import type { Redactor } from '../ports/redactor.ts';
import type { Source } from '../ports/source.ts';
import { createFolderSource } from './folder-source.ts';
import { createGitSource } from './git-source.ts';
import { createGit } from './run-git.ts';

export type SourceOptions = {
  /** Where mirrors of git repositories are kept, mode 0700. */
  readonly cacheFolder: string;
  /** Learns the credentials that stand in URLs. */
  readonly redactor: Redactor;
  /** Of the agent: PATH, HOME, SSH_AUTH_SOCK, proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute paths that never belong to a release, wherever a source folder is: the state folder. */
  readonly skip: readonly string[];
};

/** A source of every kind that a stack file can name. */
export const createSource = (options: SourceOptions): Source => {
  const git = createGit(options.env);
  const folders = createFolderSource({ git, skip: options.skip });
  const repositories = createGitSource({ git, ...options });
  return {
    resolve: (spec, signal) =>
      spec.kind === 'folder' ? folders.resolve(spec, signal) : repositories.resolve(spec, signal),
    place: (spec, revision, into, signal) =>
      spec.kind === 'folder'
        ? folders.place(spec, revision, into, signal)
        : repositories.place(spec, revision, into, signal),
  };
};
