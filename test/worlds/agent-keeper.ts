// Starts the agent again at once whenever it dies, as an init system does, and counts how far each of them came.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentCommand } from '../../src/cli/agent-command.ts';
import type { Stage } from './stage.ts';

export type AgentKeeper = {
  /** SIGKILL to the agent of the moment; nothing where that one is dead already and the next is not there yet. */
  readonly kill: () => void;
  readonly started: () => number;
  /** Those that a SIGKILL has ended. */
  readonly killed: () => number;
  /** Those that lived long enough to answer calls. */
  readonly answering: () => number;
  /** Ended by themselves, with a code: none should. */
  readonly gaveUp: () => readonly string[];
  /** Starts no more; the agent of the moment goes on. */
  readonly leave: () => void;
};

/** Where no agent runs on the stage. */
export const keepAgent = ({ env, folder }: Pick<Stage, 'env' | 'folder'>): AgentKeeper => {
  const [program = '', ...args] = agentCommand();
  const logPath = join(folder, 'kept-agents.log');
  const log = openSync(logPath, 'a');
  const gaveUp: string[] = [];
  let agent: ChildProcess | null = null;
  let started = 0;
  let killed = 0;
  let isOver = false;
  const start = (): void => {
    if (isOver) return;
    started += 1;
    const child = spawn(program, args, { env, stdio: ['ignore', log, log], detached: true });
    agent = child;
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') killed += 1;
      else gaveUp.push(signal ?? `exit code ${code}`);
      agent = null;
      start();
    });
  };
  start();
  return {
    kill: () => void agent?.kill('SIGKILL'),
    started: () => started,
    killed: () => killed,
    answering: () => readFileSync(logPath, 'utf8').split('"msg":"agent started"').length - 1,
    gaveUp: () => gaveUp,
    leave: () => {
      if (isOver) return;
      isOver = true;
      agent?.unref();
      closeSync(log);
    },
  };
};
