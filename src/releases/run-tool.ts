import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Failure } from '../model/error.ts';

/** Runs a tool of the host to its end, without a shell. Failure `release.tool-failed` with its last words. */
export const runTool = async (
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<void> => {
  signal?.throwIfAborted();
  const child: ChildProcess = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    ...(signal ? { signal, killSignal: 'SIGKILL' as const } : {}),
  });
  // At once: what could not be spawned for want of descriptors says so in an event only, and has no streams.
  const closed = once(child, 'close');
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2_000)));
  try {
    const [code] = (await closed) as [number | null];
    if (code !== 0) throw failed(program, args, words.trim().split('\n').at(-1) || `it ended with ${code}`);
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw failed(program, args, 'there is no such program');
    throw error;
  }
};

const failed = (program: string, args: readonly string[], why: string): Failure =>
  /No space left on device|Disk quota exceeded/.test(why)
    ? diskFull(args.at(-1)!)
    : new Failure(
        'release.tool-failed',
        `Cannot run "${program}" on "${args.at(-1)}": ${why}, success is required`,
      );

export const diskFull = (path: string, cause?: unknown): Failure =>
  new Failure(
    'release.disk-full',
    `Cannot write "${path}": no space is left on its disk, space for a whole release is required`,
    { fix: 'free space on that disk, or lower retention.releases', retryable: true, cause },
  );
