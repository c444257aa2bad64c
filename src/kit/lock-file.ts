import { DatabaseSync } from 'node:sqlite';

export type FileLock = { readonly release: () => void };

/**
 * Takes a kernel lock on a file, made where it is not there; null where another process has it. The lock ends with the
 * process that holds it, however that ends, and children do not inherit it. Throws the system's or SQLite's error.
 *
 * Node has no flock(2). SQLite's exclusive mode takes fcntl locks on the file and keeps them until it is closed
 * (https://www.sqlite.org/pragma.html#pragma_locking_mode).
 */
export const lockFile = (path: string): FileLock | null => {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS claim (x); COMMIT;',
    );
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
};

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
