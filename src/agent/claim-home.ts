// One agent per state folder. The claim is a kernel lock on a file, so it ends with the process that holds it, however
// that ends; the record beside it tells people and later agents who holds it.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder, writeFileAtomic } from '../kit/atomic-file.ts';
import { lockFile } from '../kit/lock-file.ts';
import { identify } from '../kit/process-identity.ts';
import { Failure, isReported, Refusal } from '../model/error.ts';
import { agentRecordPath, type Layout } from '../model/layout.ts';
import type { ProcessIdentity } from '../model/lock.ts';

export type AgentRecord = {
  readonly process: ProcessIdentity | null;
  readonly version: string;
  readonly socket: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
};

export type Claim = { readonly release: () => void };

/**
 * Makes the state folder where it is not there. Refusal `agent.running` with the pid of the agent that has it; Failures
 * `store.full` and `store.unusable` where the folder can not be written.
 */
export const claimHome = (layout: Layout, version: string): Claim => {
  try {
    return claim(layout, version);
  } catch (error) {
    throw unwritable(layout, error);
  }
};

const claim = (layout: Layout, version: string): Claim => {
  ensureFolder(layout.home, 0o750);
  const lock = lockFile(join(layout.home, 'agent.lock'));
  if (!lock) throw alreadyClaimed(layout);
  const record: AgentRecord = {
    process: identify(process.pid),
    version,
    socket: layout.socket,
    startedAt: Date.now(),
  };
  writeFileAtomic(agentRecordPath(layout), `${JSON.stringify(record)}\n`, 0o640);
  return {
    release: () => {
      rmSync(agentRecordPath(layout), { force: true });
      lock.release();
    },
  };
};

/** The record of the agent that has or had this state folder; null where there is none or it can not be read. */
export const readAgentRecord = (layout: Layout): AgentRecord | null => {
  try {
    return JSON.parse(readFileSync(agentRecordPath(layout), 'utf8')) as AgentRecord;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

// https://www.sqlite.org/rescode.html
const SQLITE_FULL = 13;

const unwritable = ({ home }: Layout, error: unknown): unknown => {
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
  if (code === undefined || isReported(error)) return error;
  const cannot = `Cannot start an agent on "${home}":`;
  if (code === 'ENOSPC' || errcode === SQLITE_FULL) {
    return new Failure('store.full', `${cannot} no space is left on its disk, some kilobytes are required`, {
      fix: `free some: df -h "${home}"`,
      cause: error,
    });
  }
  const fact = code.startsWith('ERR_') ? (error as Error).message : code;
  return new Failure('store.unusable', `${cannot} it can not be written (${fact})`, {
    fix: 'set REEVE_HOME to a folder of yours, or start it as the user who has that folder',
    cause: error,
  });
};

const alreadyClaimed = (layout: Layout): Refusal => {
  const pid = readAgentRecord(layout)?.process?.pid;
  return new Refusal(
    'agent.running',
    `Cannot start an agent on "${layout.home}": ${pid ? `process ${pid} is its agent` : 'another agent is starting on it'}, one agent per state folder is allowed`,
    { fix: 'use the one that runs: reeve agent status; or replace it: reeve agent start --replace' },
  );
};
