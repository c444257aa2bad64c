import { chmodSync, existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ensureFolder, syncFolder } from '../kit/atomic-file.ts';
import { connect, damaged, type Database, translated } from './database.ts';
import { upgrade } from './upgrade/upgrade.ts';

/**
 * A connection to the database file at `path`, which is made where there is none. Refusal `store.damaged` for a file
 * that is not a sound database of ours, which is then left as it is.
 */
export const openFile = (path: string): Database => {
  translated(path, () => {
    if (existsSync(path)) return;
    if (existsSync(`${path}-wal`)) throw damaged(path, 'the file is gone and its log is still there');
    create(path);
  });
  inspect(path);
  // SQLite gives -wal and -shm the mode of the database (https://sqlite.org/wal.html). By path, never by opening the
  // file: closing any descriptor of it would drop this process's locks on it (fcntl(2)).
  translated(path, () => chmodSync(path, 0o600));
  return connect(path);
};

// "reev" in ASCII: tells our databases from other people's.
const APPLICATION_ID = 0x72_65_65_76;

// Made complete aside and linked into place, so that an empty or half-made file is never one of ours, and of
// two processes that do it at once one wins.
const create = (path: string): void => {
  ensureFolder(dirname(path), 0o711);
  const aside = `${path}.${process.pid}.tmp`;
  removeDatabase(aside);
  try {
    const db = connect(aside);
    try {
      chmodSync(aside, 0o600);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      upgrade(db);
    } finally {
      db.close();
    }
    linkSync(aside, path);
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    removeDatabase(aside);
  }
};

const removeDatabase = (path: string): void => {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
};

// Read-only, so that nothing is checkpointed into a damaged file. The whole file is read only where the last user
// did not close it (a log is left): that is when damage happens.
const inspect = (path: string): void => {
  if (statSync(path).size === 0) throw damaged(path, 'the file is empty');
  const wasClosed = !existsSync(`${path}-wal`) || statSync(`${path}-wal`).size === 0;
  translated(path, () => {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      const id = db.prepare('PRAGMA application_id').get()?.application_id;
      if (id !== APPLICATION_ID) throw damaged(path, 'it is the database of another program');
      if (wasClosed) return;
      const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (verdict !== 'ok') throw damaged(path, String(verdict).split('\n').at(-1)!);
    } finally {
      db.close();
    }
  });
};
