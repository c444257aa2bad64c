// One agent per state folder. The claim is a kernel lock on a file, so it ends with the process that holds it, however
// that ends; the record beside it tells people and later agents who holds it.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ensureFolder, writeFileAtomic } from '../kit/atomic-file.ts';
import { identify } from '../kit/process-identity.ts';
import { Refusal } from '../model/error.ts';
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

/** Refusal `agent.running` with the pid of the agent that has this state folder. */
export const claimHome = (layout: Layout, version: string): Claim => {
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
      lock.close();
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

// Node has no flock(2). SQLite's exclusive mode takes fcntl locks on the file and keeps them until it is closed
// (https://www.sqlite.org/pragma.html#pragma_locking_mode); children do not inherit them.
const lockFile = (path: string): DatabaseSync | null => {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS claim (x); COMMIT;',
    );
    return database;
  } catch (error) {
    database.close();
    const SQLITE_BUSY = 5;
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
};

const alreadyClaimed = (layout: Layout): Refusal => {
  const pid = readAgentRecord(layout)?.process?.pid;
  return new Refusal(
    'agent.running',
    `Cannot start an agent on "${layout.home}": ${pid ? `process ${pid} is its agent` : 'another agent is starting on it'}, one agent per state folder is allowed`,
    { fix: 'use the one that runs: reeve agent status; or replace it: reeve agent start --replace' },
  );
};
