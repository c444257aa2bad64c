import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureFolder } from '../../kit/atomic-file.ts';
import { exhaustionOf } from '../../model/error.ts';
import type { EdgeLimits } from './edge-core.ts';
import { compileCacheFolder, logPath } from './edge-paths.ts';
import type { StartReport } from './edge-record.ts';
import { settingsArguments } from './edge-settings.ts';

export type LaunchOptions = {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** The Node that runs it. */
  readonly node: string;
  readonly trusted: readonly string[];
  readonly limits: Partial<EdgeLimits>;
};

const START_MS = 15_000;
const LOG_BYTES = 4_000_000;
const LOG_LINES = 20;
const READY_FD = 3;
// Requests leave little that lives: with a small young generation it is collected in the cache of the processor,
// measured a tenth faster and 40 MB smaller than Node's default.
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];

/** Starts the edge's process with a session and a log of its own. What it says of its start; null where it died first. */
export const launchEdge = async (options: LaunchOptions): Promise<StartReport | null> => {
  const { folder, host, port, node, trusted, limits } = options;
  ensureFolder(folder, 0o700);
  const log = openLog(logPath(folder));
  try {
    const child = spawn(
      node,
      [
        ...NODE_FLAGS,
        join(import.meta.dirname, 'main.ts'),
        ...settingsArguments({ folder, host, port, trusted, limits, readyFd: READY_FD }),
      ],
      {
        detached: true,
        cwd: folder,
        // What the agent was started with is none of the edge's business. Compiled code on disk makes a restart faster.
        env: {
          PATH: process.env.PATH ?? '',
          TZ: process.env.TZ ?? '',
          NODE_COMPILE_CACHE: compileCacheFolder(folder),
        },
        stdio: ['ignore', log, log, 'pipe'],
      },
    );
    child.unref();
    const failed = new Promise<Error>((resolve) => child.once('error', resolve));
    if (child.pid === undefined) {
      const error = await failed;
      if (exhaustionOf(error) === null) return null;
      throw error;
    }
    return await readReport(child.stdio[READY_FD] as Readable, failed);
  } finally {
    closeSync(log);
  }
};

export const lastLogLines = (folder: string): readonly string[] => {
  try {
    return readFileSync(logPath(folder), 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
  } catch {
    // No log, no lines.
    return [];
  }
};

// Between two lives is the only time to put the log aside: the edge appends to it by itself.
const openLog = (path: string): number => {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
};

const readReport = async (pipe: Readable, failed: Promise<Error>): Promise<StartReport | null> => {
  let text = '';
  pipe.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((resolve) => pipe.once('close', resolve));
  const abort = new AbortController();
  const late = sleep(START_MS, undefined, { signal: abort.signal }).catch(() => undefined);
  await Promise.race([ended, failed, late]);
  abort.abort();
  pipe.destroy();
  return text.endsWith('\n') ? (JSON.parse(text) as StartReport) : null;
};
