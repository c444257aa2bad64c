// One connection, with SQLite's errors translated into ours. The rooms above never see a node:sqlite error,
// and nothing outside store/ knows that there is SQL.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Failure, isReported, Refusal } from '../model/error.ts';

export type Row = Readonly<Record<string, unknown>>;

export type Statement = {
  /** How many rows changed. */
  run(...values: SQLInputValue[]): number;
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): readonly Row[];
};

export type Database = {
  readonly path: string;
  prepare(sql: string): Statement;
  exec(sql: string): void;
  /** Runs `work` in one immediate transaction; on disk when it returns. A throw takes everything back. */
  write<T>(work: () => T): T;
  close(): void;
};

// A write lock is held for a millisecond; whoever can not get one for this long meets a stopped process.
const BUSY_MS = 5_000;

/** Opens a connection. WAL and FULL: a commit is in the log on disk before the call returns (https://sqlite.org/wal.html). */
export const connect = (path: string, busyMs = BUSY_MS): Database => {
  const db = translated(path, () => new DatabaseSync(path, { timeout: busyMs }));
  try {
    translated(path, () =>
      db.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 8388608;',
      ),
    );
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    path,
    prepare: (sql) =>
      wrap(
        path,
        translated(path, () => db.prepare(sql)),
      ),
    exec: (sql) => translated(path, () => db.exec(sql)),
    write: (work) => transact(path, db, work),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
};

const wrap = (path: string, statement: StatementSync): Statement => ({
  run: (...values) => translated(path, () => Number(statement.run(...values).changes)),
  get: (...values) => translated(path, () => statement.get(...values)),
  all: (...values) => translated(path, () => statement.all(...values)),
});

const transact = <T>(path: string, db: DatabaseSync, work: () => T): T => {
  if (db.isTransaction) return work();
  translated(path, () => db.exec('BEGIN IMMEDIATE'));
  try {
    const result = work();
    translated(path, () => db.exec('COMMIT'));
    return result;
  } catch (error) {
    // SQLite itself rolls back on a full disk; a second ROLLBACK would hide the cause.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
};

/** Runs `work`; what SQLite or the file system says against the database comes out as one of ours. */
export const translated = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw translate(path, error);
  }
};

// Primary result codes, https://sqlite.org/rescode.html
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const translate = (path: string, error: unknown): unknown => {
  if (isReported(error) || !(error instanceof Error)) return error;
  const { errcode, code } = error as { errcode?: number; code?: string };
  const primary = errcode === undefined ? null : errcode & 0xff;
  if (primary === FULL || code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure(
      'store.full',
      `Cannot write "${path}": no space is left on its disk, some kilobytes are required`,
      { fix: `free space on the disk of ${path}`, retryable: true, cause: error },
    );
  }
  if (primary === CORRUPT || primary === NOTADB) return damaged(path, error.message, error);
  if (primary === BUSY) {
    return new Failure(
      'store.busy',
      `Cannot write "${path}": another process is writing and does not end, a free database is required`,
      { fix: `find the process with 'fuser -v ${path}'`, retryable: true, cause: error },
    );
  }
  const isFileError = code !== undefined && /^E[A-Z]+$/.test(code);
  if (primary === READONLY || primary === IOERR || primary === CANTOPEN || isFileError) {
    return new Failure(
      'store.unusable',
      `Cannot use "${path}": ${error.message}, a file that this user can read and write is required`,
      { fix: `check the owner and mode of ${path} and its folder`, cause: error },
    );
  }
  return error;
};

/** The database can not be trusted. Nothing repairs it silently; an agent that starts sets it aside, and says so. */
export const damaged = (path: string, evidence: string, cause?: unknown): Refusal =>
  new Refusal('store.damaged', `Cannot use "${path}": ${evidence}, an undamaged Reeve database is required`, {
    why: 'what runs now goes on running; the file is left as it is',
    fix: 'reeve agent start --replace: it sets the file aside and rebuilds one from what is on disk and running',
    cause,
  });
