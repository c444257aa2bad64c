import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, statfsSync } from 'node:fs';
import type { AgentStatus } from '../api/wire.ts';
import { ensureFolder } from '../kit/atomic-file.ts';
import { type ErrorReport, Failure, fromReport } from '../model/error.ts';
import { agentLogPath, type Layout } from '../model/layout.ts';
import type { Clock } from '../ports/clock.ts';
import type { Client } from './client.ts';
import { isAgentLost } from './lost-agent.ts';

export type AgentStart = {
  readonly client: Client;
  readonly layout: Layout;
  /** What runs an agent in its foreground: a program and its arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
};

const LOG_LINES = 20;
const FIRST_DELAY_MS = 5;
const LONGEST_DELAY_MS = 100;
// Of two agents started at once one is refused and ends, and the other answers a moment later.
const AFTER_EXIT_MS = 2_000;

/**
 * Starts an agent in a session of its own and waits until it, or another that was quicker, answers.
 * Failure `agent.not-started` with the last lines of its log; what the agent itself refused to start for.
 */
export const startAgent = async (start: AgentStart): Promise<AgentStatus> => {
  const { client, clock, layout, signal } = start;
  const log = openLog(layout);
  const child = launch(start, log.fd);
  closeSync(log.fd);
  let ended: string | null = null;
  child.once(
    'exit',
    (code, by) => (ended ??= by ? `it was ended by ${by}` : `it ended with exit code ${code}`),
  );
  child.once('error', (error) => (ended ??= error.message));
  let deadline = clock.monotonic() + (start.withinMs ?? 30_000);
  let isShortened = false;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 1.5, LONGEST_DELAY_MS)) {
    try {
      return await client.call('agentStatus', signal ? { signal } : {});
    } catch (error) {
      if (!isAgentLost(error)) throw error;
    }
    const refusal = ended === null ? null : readRefusal(layout, log.start);
    if (refusal) throw refusal;
    if (ended !== null && !isShortened) {
      isShortened = true;
      deadline = Math.min(deadline, clock.monotonic() + AFTER_EXIT_MS);
    }
    if (clock.monotonic() >= deadline) throw notStarted(layout, log.start, ended);
    await clock.sleep(delayMs, signal);
  }
};

const openLog = (layout: Layout): { readonly fd: number; readonly start: number } => {
  try {
    ensureFolder(layout.home, 0o750);
    const fd = openSync(agentLogPath(layout), 'a', 0o640);
    return { fd, start: fstatSync(fd).size };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(
      'agent.not-started',
      `Cannot start the agent: "${layout.home}" can not be written (${code ?? message})`,
      {
        fix: 'set REEVE_HOME to a folder of yours, or run the command as the user who has that folder',
        cause: error,
      },
    );
  }
};

const launch = ({ argv, env }: AgentStart, log: number) => {
  const child = spawn(argv[0]!, argv.slice(1), {
    detached: true,
    // Not the caller's folder: the agent would keep it from being unmounted, and outlives it.
    cwd: '/',
    env: { ...env },
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child;
};

// An agent that can not use its state folder says why, as data, and ends. Of two that start at once the slower one is
// refused: no matter, the other answers.
const readRefusal = (layout: Layout, logStart: number): Error | null => {
  const last = readLog(layout, logStart).at(-1) ?? '';
  if (!last.startsWith('{"error":')) return null;
  try {
    const { error } = JSON.parse(last) as { readonly error: ErrorReport };
    return error.kind !== 'defect' && error.code !== 'agent.running' ? fromReport(error) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const readLog = (layout: Layout, logStart: number): readonly string[] =>
  readFileSync(agentLogPath(layout)).subarray(logStart).toString('utf8').split('\n').filter(Boolean);

const notStarted = (layout: Layout, logStart: number, ended: string | null): Failure => {
  const path = agentLogPath(layout);
  const full = isFull(layout.home) ? `; no space is left on the disk of "${layout.home}"` : '';
  return new Failure('agent.not-started', `Cannot start the agent: no answer on "${layout.socket}"`, {
    why: `${ended ?? 'it runs but does not listen yet'}${full}`,
    fix: `read ${path}, or see it start: reeve agent start --foreground`,
    log: readLog(layout, logStart).slice(-LOG_LINES),
  });
};

// Then its log may lack what it said.
const isFull = (folder: string): boolean => {
  const { bavail, files, ffree } = statfsSync(folder);
  return bavail === 0 || (files > 0 && ffree === 0);
};
