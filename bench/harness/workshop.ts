// A folder for one comparison, the programs in it, and an end to everything that was started there.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidsNaming } from './processes.ts';

export type Ran = { readonly exit: number; readonly text: string; readonly tookMs: number };

export type Workshop = {
  readonly folder: string;
  readonly write: (file: string, text: string, mode?: number) => string;
  /** A copy under a name of its own, so that its processes are told apart from all others. */
  readonly copyProgram: (from: string, name: string) => string;
  readonly run: (argv: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ran>;
  /** Starts a daemon of its own session. */
  readonly launch: (argv: readonly string[], env?: NodeJS.ProcessEnv) => number;
  readonly close: () => Promise<void>;
};

export const openWorkshop = (): Workshop => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-bench-')));
  const write = (file: string, text: string, mode = 0o644): string => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  };
  return {
    folder,
    write,
    copyProgram: (from, name) => {
      const path = join(folder, 'bin', name);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(realpathSync(from), path);
      chmodSync(path, 0o755);
      return path;
    },
    run: (argv, env = {}) => run(argv, { ...process.env, ...env }, folder),
    launch: (argv, env = {}) => {
      const child = spawn(argv[0]!, argv.slice(1), {
        detached: true,
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
      child.unref();
      return child.pid!;
    },
    close: async () => {
      await endAll(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
};

const run = (argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Ran> =>
  new Promise((done, failed) => {
    const began = performance.now();
    const child = spawn(argv[0]!, argv.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    }
    child.once('error', failed);
    // Not 'close': a daemon that the command started may keep its output open.
    child.once('exit', (code) => done({ exit: code ?? 1, text, tookMs: performance.now() - began }));
  });

// Whatever names the folder in its command line was started from it.
const endAll = async (folder: string): Promise<void> => {
  for (let round = 0; round < 50; round += 1) {
    const left = pidsNaming(folder);
    if (left.length === 0) return;
    for (const pid of left) endOne(pid);
    await sleep(50);
  }
};

export const endOne = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
