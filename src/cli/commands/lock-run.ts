import { type ChildProcess, spawn } from 'node:child_process';
import { constants, hostname } from 'node:os';
import { identify } from '../../kit/process-identity.ts';
import { Failure } from '../../model/error.ts';
import type { AcquireRequest, LockHeld, ProcessIdentity } from '../../model/lock.ts';
import type { Name } from '../../model/names.ts';
import type { LockStore } from '../../ports/store.ts';
import { span } from '../output/text.ts';
import type { Session } from '../session.ts';
import { chooseLockedStack, openLocks } from './lock-store.ts';
import { waitForLock } from './lock-wait.ts';

export type RunOptions = {
  readonly owner: string;
  readonly task?: string;
  readonly reason?: string;
  readonly wait?: number;
};

// The command's process exists before the lock is taken, and becomes the command only afterwards: exec(2) keeps pid
// and start time. So the lock hangs on the command's own life from the first moment: if this wrapper is killed before,
// the pipe ends and nothing runs; if after, the lock stays for as long as the command runs, and is stale then.
const GATE =
  'IFS= read -r REEVE_LOCK_FENCING <&3 || exit 125; exec 3<&-; export REEVE_LOCK_FENCING; exec "$@"';
const NO_GATE = 'exec 3<&-; exec "$@"';

/** Holds the lock while `command` runs, and gives its exit code. */
export const lockRun = async (
  session: Session,
  command: readonly string[],
  options: RunOptions,
): Promise<number> => {
  const stack = await chooseLockedStack(session);
  using locks = openLocks(session);
  if (isHeldByParent(session, locks.lock, { stack, options })) return await toItsEnd(start(NO_GATE, command));

  const task = options.task ?? `run-${process.pid}`;
  const { owner } = options;
  const lockEnv = { REEVE_LOCK_STACK: stack, REEVE_LOCK_OWNER: owner, REEVE_LOCK_TASK: task };
  const gate = start(GATE, command, lockEnv);
  try {
    const request: AcquireRequest = {
      stack,
      owner,
      task,
      reason: options.reason ?? command[0]!,
      holder: { host: hostname(), process: identityOf(gate.child) },
      exclusive: true,
    };
    const { held } = await waitForLock(session, locks.lock, request, options.wait);
    const ended = toItsEnd(gate);
    gateInput(gate.child).end(`${held.fencing}\n`);
    const code = await ended;
    release(session, locks.lock, held);
    return code;
  } finally {
    // Where the lock was not obtained this ends the process that waits; after its end it does nothing.
    gateInput(gate.child).destroy();
  }
};

// A script under `lock run` may call `lock run` again for the same task: it holds the lock already.
const isHeldByParent = (
  { world: { env } }: Session,
  lock: LockStore,
  { stack, options }: { readonly stack: Name; readonly options: RunOptions },
): boolean => {
  const { owner, task = env.REEVE_LOCK_TASK } = options;
  if (task === undefined || env.REEVE_LOCK_TASK !== task || env.REEVE_LOCK_STACK !== stack) return false;
  return lock.isHeld({ stack, owner, task, fencing: Number(env.REEVE_LOCK_FENCING) });
};

type Started = {
  readonly child: ChildProcess;
  /** The exit code; 128 and the signal's number where one ended it. */
  readonly ended: Promise<number>;
};

const start = (
  script: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started => {
  const child = spawn('/bin/sh', ['-c', script, 'reeve lock run', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...env },
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  child.once('error', () => resolve(126));
  return { child, ended: promise };
};

const gateInput = (gate: ChildProcess): NodeJS.WritableStream & { destroy(): void } => {
  const input = gate.stdio[3] as NodeJS.WritableStream & { destroy(): void };
  // The gate may be gone before it is told: its exit code says the rest.
  if (input.listenerCount('error') === 0) input.on('error', () => input.destroy());
  return input;
};

const identityOf = (gate: ChildProcess): ProcessIdentity => {
  const identity = gate.pid === undefined ? null : identify(gate.pid);
  if (identity) return identity;
  throw new Failure('lock.no-process', 'Cannot run the command: /bin/sh did not start, a shell is required');
};

// A terminal sends Ctrl-C and Ctrl-\ to the command by itself, and twice is not the same as once.
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;

const toItsEnd = async ({ child, ended }: Started): Promise<number> => {
  const hasTerminal = Boolean(process.stdin.isTTY);
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const fromTerminal = hasTerminal ? (): void => {} : forward;
  for (const signal of FORWARDED) process.on(signal, forward);
  for (const signal of FROM_TERMINAL) process.on(signal, fromTerminal);
  try {
    return await ended;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
    for (const signal of FROM_TERMINAL) process.off(signal, fromTerminal);
  }
};

// The command's exit code counts, whatever became of the lock: a holder that is gone is recognised anyway.
const release = ({ output }: Session, lock: LockStore, held: LockHeld): void => {
  if (lock.isHeld(held)) {
    lock.release(held.stack, held.task);
    return;
  }
  const { owner, task } = lock.read(held.stack);
  const now = owner === 'free' ? 'it is free' : `${owner} has it for ${task}`;
  output.hint(() => [[span(`The lock was taken away while the command ran: ${now}`, 'yellow')]]);
};
