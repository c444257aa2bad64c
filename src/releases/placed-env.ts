import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { Failure, isReported } from '../model/error.ts';
import { type Layout, releaseEnvPath, retiredSecretsPath } from '../model/layout.ts';
import type { Name } from '../model/names.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { AssembledEnv } from './assemble-env.ts';

/** What `env.json` of a release folder holds. */
export type PlacedEnv = Pick<AssembledEnv, 'perService' | 'perJob' | 'secretValues'>;

type Written = PlacedEnv & { readonly version: 1 };

/** Writes it so that only the agent's user can ever read it. */
export const writePlacedEnv = (path: string, { perService, perJob, secretValues }: AssembledEnv): void => {
  const written: Written = { version: 1, perService, perJob, secretValues };
  writeFileAtomic(path, JSON.stringify(written), 0o600);
};

/** The environment a release was placed with. Failure `release.not-placed` where there is none. */
export const readPlacedEnv = (layout: Layout, stack: Name, release: number): PlacedEnv => {
  const path = releaseEnvPath(layout, stack, release);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Written;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(
      'release.not-placed',
      `Cannot read "${path}": ${isMissing ? 'the release is not on disk' : 'it is damaged'}, a release that was placed is required`,
      { fix: `deploy again, or roll back to another release of ${stack}`, cause: error },
    );
  }
};

/** The secrets of a release; none where they can not be read. */
export const secretsOf = (layout: Layout, stack: Name, release: number): readonly string[] => {
  try {
    return readPlacedEnv(layout, stack, release).secretValues;
  } catch (error) {
    if (isReported(error)) return [];
    throw error;
  }
};

/** Keeps secrets of a release whose folder went: its programs may have written them into logs that stay. */
export const retireSecrets = (layout: Layout, stack: Name, secrets: readonly string[]): void => {
  const before = readRetired(layout, stack);
  const all = [...new Set([...before, ...secrets])];
  if (all.length === before.length) return;
  writeFileAtomic(retiredSecretsPath(layout, stack), JSON.stringify(all), 0o600);
};

/** Teaches the redactor what was secret in releases whose folders are gone. */
export const learnRetiredSecrets = (layout: Layout, redactor: Redactor, stack: Name): void =>
  redactor.learn(readRetired(layout, stack));

const readRetired = (layout: Layout, stack: Name): readonly string[] => {
  const path = retiredSecretsPath(layout, stack);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as string[]) : [];
};

/**
 * Teaches the redactor the secrets of a release. An agent that starts has to do it for every release on disk, before
 * it shows a log: what wrote there may not run any more.
 */
export const learnSecrets = (
  layout: Layout,
  redactor: Redactor,
  release: { stack: Name; id: number },
): void => redactor.learn(readPlacedEnv(layout, release.stack, release.id).secretValues);
