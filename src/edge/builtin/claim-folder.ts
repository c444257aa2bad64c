// One edge per state folder. The claim is a kernel lock on a file, so it ends with the process that holds it, however that ends.
import { DatabaseSync } from 'node:sqlite';
import { claimPath } from './edge-paths.ts';

export type FolderClaim = { readonly release: () => void };

/**
 * Null where another edge has the folder. Node has no flock(2); SQLite's exclusive mode takes fcntl locks and keeps
 * them until it is closed (https://www.sqlite.org/pragma.html#pragma_locking_mode).
 */
export const claimFolder = (folder: string): FolderClaim | null => {
  const database = new DatabaseSync(claimPath(folder), { timeout: 0 });
  try {
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS claim (x); COMMIT;',
    );
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    const SQLITE_BUSY = 5;
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
};
