// Everything of the process that a command may touch, so that a test can be the world.
import { userInfo } from 'node:os';

export type Screen = {
  readonly isTerminal: boolean;
  /** Never throws: when the reader is gone, the rest is dropped and `readerGone` aborts. */
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly readerGone: AbortSignal;
};

export type World = {
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  /** Who asks, for the audit log. */
  readonly user: string;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** From now on Ctrl-C is the affair of a program that runs in our foreground. */
  readonly leaveInterrupts: () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

export const processWorld = (): World => ({
  stdout: screenOf(process.stdout),
  stderr: screenOf(process.stderr),
  canAsk: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  env: process.env,
  cwd: workingFolder(),
  uid: process.getuid?.() ?? 0,
  user: userName(),
  ...listenForInterrupts(),
  now: Date.now,
});

const listenForInterrupts = (): Pick<World, 'interrupted' | 'leaveInterrupts'> => {
  const interrupted = new AbortController();
  let isLeft = false;
  process.on('SIGINT', () => {
    if (isLeft) return;
    // The second one does not wait for anything.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
  return {
    interrupted: interrupted.signal,
    leaveInterrupts: () => {
      isLeft = true;
    },
  };
};

const screenOf = (stream: NodeJS.WriteStream): Screen => {
  const gone = new AbortController();
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error;
    // A reader that is gone wanted no more; a full disk has lost what somebody wants to keep.
    if (error.code !== 'EPIPE' && error.code !== 'EIO' && !gone.signal.aborted) sayLost(stream, error.code);
    gone.abort();
  });
  return {
    isTerminal: Boolean(stream.isTTY),
    write: (text) => {
      if (!gone.signal.aborted) stream.write(text);
    },
    columns: () => stream.columns || 80,
    rows: () => stream.rows || 24,
    readerGone: gone.signal,
  };
};

const sayLost = (stream: NodeJS.WriteStream, code: string): void => {
  process.exitCode = 1;
  if (stream === process.stdout) process.stderr.write(`Cannot write the output: the system says ${code}\n`);
};

// The folder a shell stands in may have been removed under it.
const workingFolder = (): string => {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '/';
    throw error;
  }
};

// With sudo, the person and not "root" belongs into the audit log.
const userName = (): string => {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0 && process.env.SUDO_USER) return process.env.SUDO_USER;
  try {
    return userInfo().username;
  } catch (error) {
    // uv_os_get_passwd fails where the uid is in no user database: containers do that.
    if ((error as NodeJS.ErrnoException).code) return `uid-${uid}`;
    throw error;
  }
};
