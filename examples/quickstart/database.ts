import { DatabaseSync } from 'node:sqlite';

/** The guestbook's database, in the folder that outlives releases. Several processes write it, so each waits its turn. */
export const openDatabase = (): DatabaseSync => {
  const database = new DatabaseSync('data/guestbook.db');
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  return database;
};
