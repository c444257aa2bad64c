import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { exhaustionOf } from '../model/error.ts';
import type { Command } from '../model/stack.ts';
import type { ProbeTarget } from '../ports/prober.ts';
import { lastLine } from './one-line.ts';
import type { RawAnswer } from './raw-answer.ts';
import { lookUpUser } from './look-up-user.ts';

// sysexits.h: "temporary failure, user is invited to retry".
const EX_TEMPFAIL = 75;
const OUTPUT_KEPT = 4096;
// What a program wrote last may still be on its way when it ends.
const OUTPUT_GRACE_MS = 100;

/**
 * Runs the command in a process group of its own, which is killed when the signal aborts: exit 0 is healthy, 75 degraded,
 * anything else unhealthy. Rejects on abort.
 */
export const probeExec = async (
  command: Command,
  { workingFolder, env, user }: Pick<ProbeTarget, 'workingFolder' | 'env' | 'user'>,
  signal: AbortSignal,
): Promise<RawAnswer> => {
  const [program = '', ...args] = command.shell ? ['/bin/sh', '-c', command.argv.join(' ')] : command.argv;
  // Only root may become somebody else; the driver refuses to start such an instance otherwise.
  const ids = user !== null && process.getuid?.() === 0 ? await lookUpUser(user, signal) : {};
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: workingFolder,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...ids,
  });
  const output = keepTail(child);
  // From now on: with its output closed already, it closes in the same turn as it exits.
  const closed = once(child, 'close').then(() => true as const);
  closed.catch(() => undefined);
  const kill = (): void => killGroup(child);
  signal.addEventListener('abort', kill);
  try {
    const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    await drain(child, closed);
    signal.throwIfAborted();
    return judge(code, killedBy, lastLine(output()));
  } catch (error) {
    signal.throwIfAborted();
    if (exhaustionOf(error) !== null) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const words = code === 'ENOENT' ? `no such program or folder: ${program} in ${workingFolder}` : message;
    return { state: 'unhealthy', words };
  } finally {
    signal.removeEventListener('abort', kill);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
};

const judge = (code: number | null, killedBy: NodeJS.Signals | null, words: string): RawAnswer => {
  if (code === 0) return { state: 'healthy', words: words || 'exit code 0' };
  if (code === EX_TEMPFAIL) return { state: 'degraded', words: words || `exit code ${code}` };
  const end = killedBy ? `killed by ${killedBy}` : `exit code ${code}`;
  return { state: 'unhealthy', words: words ? `${end}: ${words}` : end, cause: 'wrong-answer' };
};

// The last bytes of both outputs, in the order they came.
const keepTail = (child: ChildProcess): (() => string) => {
  let tail = Buffer.alloc(0);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (tail = Buffer.concat([tail, chunk]).subarray(-OUTPUT_KEPT)));
  }
  return () => tail.toString('utf8');
};

// Whoever still holds the output open after the program ended was left behind by it, and a probe may leave nothing.
const drain = async (child: ChildProcess, closed: Promise<true>): Promise<void> => {
  const isClosed = await Promise.race([
    closed,
    new Promise<false>((resolve) => setTimeout(resolve, OUTPUT_GRACE_MS, false).unref()),
  ]);
  if (!isClosed) killGroup(child);
};

// kill(2): a negative pid names the group.
const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
