// What the folders of stacks say by themselves, for the day when nothing else does. Reads only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Layout,
  logsFolder,
  releaseFolder,
  releasesFolder,
  runFolder,
  treeFolder,
} from '../model/layout.ts';
import { isName, type Name } from '../model/names.ts';
import type { Release } from '../model/release.ts';

/** A release as its folder has it: what became of it is not in there. */
export type ReleaseOnDisk = Omit<Release, 'state' | 'stateReason'>;

export type StackOnDisk = {
  readonly stack: Name;
  /** Oldest first. */
  readonly releases: readonly ReleaseOnDisk[];
  /** Numbers of release folders that do not say what they are. */
  readonly unreadable: readonly number[];
  /** The highest number of a change that left a job's record or output; 0 where there is none. */
  readonly lastChange: number;
};

/** Stacks that have a release folder. A folder that is still being made has another name, and is passed over. */
export const readStacksOnDisk = (layout: Layout): readonly StackOnDisk[] =>
  namesIn(join(layout.home, 'stacks'))
    .filter(isName)
    .map((stack) => readStack(layout, stack))
    .filter(({ releases, unreadable }) => releases.length + unreadable.length > 0);

const readStack = (layout: Layout, stack: Name): StackOnDisk => {
  const numbers = namesIn(releasesFolder(layout, stack))
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
  const read = numbers.map((id) => ({ id, release: readRelease(layout, stack, id) }));
  return {
    stack,
    releases: read.flatMap(({ release }) => release ?? []),
    unreadable: read.filter(({ release }) => release === null).map(({ id }) => id),
    lastChange: Math.max(0, ...changesIn(layout, stack)),
  };
};

const readRelease = (layout: Layout, stack: Name, id: number): ReleaseOnDisk | null => {
  try {
    const path = join(releaseFolder(layout, stack, id), 'release.json');
    const written = JSON.parse(readFileSync(path, 'utf8')) as Partial<ReleaseOnDisk>;
    const { revision, envFingerprint, createdAt } = written;
    const isWhole = written.id === id && written.stackName === stack && written.stack?.name === stack;
    if (!isWhole || !Array.isArray(written.stack?.services) || !revision?.id || !envFingerprint) return null;
    return {
      id,
      stackName: stack,
      revision,
      stack: written.stack,
      envFingerprint,
      hasTree: existsSync(treeFolder(layout, stack, id)),
      createdAt: createdAt ?? 0,
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code) return null;
    throw error;
  }
};

// `logs/jobs/<change>-<job>.out` and `run/job-<change>-<job>`.
const changesIn = (layout: Layout, stack: Name): readonly number[] =>
  [...namesIn(join(logsFolder(layout, stack), 'jobs')), ...namesIn(runFolder(layout, stack))].flatMap(
    (name) => {
      const match = /^(?:job-)?(\d{1,15})-/.exec(name);
      return match ? [Number(match[1])] : [];
    },
  );

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
};
