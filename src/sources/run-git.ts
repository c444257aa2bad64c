import { type ChildProcess, spawn } from 'node:child_process';
import { exhaustionOf, Failure } from '../model/error.ts';

export type GitRun = {
  /** Where git is told to stand. */
  readonly folder: string;
  readonly args: readonly string[];
  /** Beside the agent's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** One shape for good and bad ends. `code` is null where git was killed; `isAbsent` where there is no git. */
export type GitResult = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly isAbsent: boolean;
};

export type Git = (run: GitRun) => Promise<GitResult>;

/**
 * Calls the host's git: without a shell, without questions to anybody, without hooks or programs that a repository
 * brings along (git(1), git-config(1)). Rejects only with the signal's reason, and where the host lacks what a program
 * needs to start.
 */
export const createGit =
  (agentEnv: Readonly<Record<string, string | undefined>>): Git =>
  ({ folder, args, env = {}, timeoutMs = LOCAL_MS, signal }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      // A group of its own: git starts ssh and other helpers, and all of them have to end with it.
      const child: ChildProcess = spawn('git', [...SAFE, '-C', folder, ...args], {
        env: { ...inherited(agentEnv), ...UNATTENDED, ...sshUnlessSet(agentEnv), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let timedOut = false;
      const kill = (): void => killGroup(child.pid);
      const timer = setTimeout(() => {
        timedOut = true;
        kill();
      }, timeoutMs);
      signal?.addEventListener('abort', kill, { once: true });
      const stdout = collect(child.stdout, kill);
      const stderr = collect(child.stderr, kill);
      const finish = (code: number | null, isAbsent: boolean, error?: Error): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', kill);
        if (signal?.aborted) reject(signal.reason as Error);
        else if (error) reject(error);
        else resolve({ code, stdout: stdout(), stderr: stderr(), timedOut, isAbsent });
      };
      // Where the host lacks something there is a git all the same.
      child.once('error', (error) => finish(null, true, exhaustionOf(error) === null ? undefined : error));
      child.once('close', (code) => finish(code, false));
    });

export const noGit = (): Failure =>
  new Failure('source.no-git', 'Cannot run git: there is none on PATH, git is required for this source', {
    fix: 'install git',
  });

const LOCAL_MS = 120_000;

const SAFE = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  // The agent reads folders of other users; what this check guards against is switched off above.
  'safe.directory=*',
].flatMap((setting) => ['-c', setting]);

const UNATTENDED = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  // Empty and not absent: so git asks neither core.askPass nor SSH_ASKPASS.
  GIT_ASKPASS: '',
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  // A transfer that stands still for half a minute is over.
  GIT_HTTP_LOW_SPEED_LIMIT: '1000',
  GIT_HTTP_LOW_SPEED_TIME: '30',
  GIT_OPTIONAL_LOCKS: '0',
};

const sshUnlessSet = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  env.GIT_SSH_COMMAND || env.GIT_SSH
    ? {}
    : { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15' };

// Whoever started the agent from a git hook must not redirect us into that repository (git rev-parse --local-env-vars).
const LOCAL_VARIABLE =
  /^GIT_(?:ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|CONFIG.*|DIR|GRAFT_FILE|IMPLICIT_WORK_TREE|INDEX_FILE|NAMESPACE|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|PREFIX|REPLACE_REF_BASE|SHALLOW_FILE|TRACE.*|WORK_TREE)$/;

const inherited = (env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !LOCAL_VARIABLE.test(name)));

const MAX_OUTPUT = 64 << 20;

// Chunks are joined before they are decoded: a file name may be cut in the middle of a character.
const collect = (stream: NodeJS.ReadableStream | null, tooMuch: () => void): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
};

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
