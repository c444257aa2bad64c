import { existsSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureFolder, syncFolder } from '../kit/atomic-file.ts';
import { diskFull, runTool } from './run-tool.ts';

/**
 * Makes a folder whole or not at all: `fill` makes it aside, and it is synced and renamed into place. A crash leaves
 * nothing but a folder that the next call removes. Failure `release.disk-full`.
 */
export const makeWhole = async (folder: string, fill: (staging: string) => Promise<void>): Promise<void> => {
  const parent = dirname(folder);
  await orDiskFull(folder, async () => {
    // Others may pass through and see nothing: services run as users of their own.
    ensureFolder(dirname(parent), 0o711);
    ensureFolder(parent, 0o711);
    await sweep(parent);
    const staging = aside(folder, 'new');
    try {
      await fill(staging);
      await sync(staging);
    } catch (error) {
      await removeTree(staging);
      throw error;
    }
    await drop(folder);
    renameSync(staging, folder);
    syncFolder(parent);
  });
};

// Whoever finds the folder after a power cut finds its content too: of what was only renamed, files may be empty (sync(1)).
const sync = async (folder: string): Promise<void> => {
  if (process.platform === 'linux') await runTool('sync', ['-f', folder]);
};

/** Removes a folder: gone in one step for everybody who looks, the work comes after. Idempotent. */
export const removeWhole = async (folder: string): Promise<void> => {
  await sweep(dirname(folder));
  await drop(folder);
};

const drop = async (folder: string): Promise<void> => {
  if (!existsSync(folder)) return;
  const doomed = aside(folder, 'gone');
  renameSync(folder, doomed);
  await removeTree(doomed);
};

const removeTree = async (folder: string): Promise<void> => {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    // Builds leave folders behind that not even their owner may change.
    await runTool('chmod', ['-R', 'u+rwX', '--', folder]);
    await rm(folder, { recursive: true, force: true });
  }
};

// No name of a stack or release begins with a dot.
const aside = (folder: string, why: 'new' | 'gone'): string =>
  join(dirname(folder), `.${why}-${basename(folder)}.tmp`);

const sweep = async (parent: string): Promise<void> => {
  if (!existsSync(parent)) return;
  const leftovers = readdirSync(parent).filter((name) => name.startsWith('.') && name.endsWith('.tmp'));
  for (const name of leftovers) await removeTree(join(parent, name));
};

/** Failure `release.disk-full` where `work` met a full disk. */
export const orDiskFull = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(path, error) : error;
  }
};
