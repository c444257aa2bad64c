import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../kit/atomic-file.ts';
import { isReported } from '../model/error.ts';
import { instanceId, parseInstanceId } from '../model/names.ts';
import type { Store } from '../ports/store.ts';
import { connect, damaged, type Database, translated } from './database.ts';
import { assembleStore, openStore, type StoreOptions } from './open-store.ts';
import { upgrade } from './upgrade/upgrade.ts';

/** Nothing was ever deployed here: no stack, release, instance or change is known. Locks may be. */
export const knowsNothing = (store: Store): boolean =>
  store.stacks.list().length === 0 &&
  store.instances.list(null).length === 0 &&
  store.journal.list({ stack: null, limit: 1 }).length === 0;

/**
 * Opens the database at `path` and reads all of it that an agent lives on, as `openStore` does not: a page that was
 * damaged at rest shows only when it is read. Refusal `store.damaged` instead of a surprise in the middle of a change.
 */
export const openSoundStore = (path: string, options: StoreOptions): Store => {
  const store = openStore(path, options);
  try {
    checkPages(path);
    readAll(store);
    return store;
  } catch (error) {
    store.close();
    if (isReported(error)) throw error;
    // A cell that holds something else than what was written into it.
    throw damaged(path, error instanceof Error ? error.message : String(error), error);
  }
};

const checkPages = (path: string): void => {
  const db = connect(path);
  try {
    const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (verdict !== 'ok') throw damaged(path, String(verdict).split('\n').at(-1)!);
  } finally {
    db.close();
  }
};

const readAll = (store: Store): void => {
  const rows = store.instances.list(null);
  for (const row of rows) {
    if (!parseInstanceId(instanceId(row)))
      throw new Error(`an instance has no such place: ${instanceId(row)}`);
  }
  const names = new Set([...store.stacks.list().map(({ name }) => name), ...rows.map(({ stack }) => stack)]);
  for (const name of names) {
    for (const { stack } of store.releases.list(name)) {
      if (stack.name !== name) throw new Error(`a release of "${name}" is of "${stack.name}"`);
    }
  }
  store.ports.all();
  store.lock.taken();
  store.journal.unfinished();
};

/**
 * Renames the database and what belongs to it out of the way; nothing is deleted. The file itself first: a crash in
 * between leaves a log without its database, which nobody takes for a sound one. Null where there was no file.
 */
export const setAside = (path: string, epochMs: number): string | null => {
  const aside = `${path}.damaged-${epochMs}`;
  return translated(path, () => {
    const found = ['', '-wal', '-shm', '-journal'].filter((end) => existsSync(path + end));
    for (const end of found) renameSync(path + end, aside + end);
    syncFolder(dirname(path));
    return found.length > 0 ? aside : null;
  });
};

/** Writes all that `fill` puts into the store at `path` in one transaction; changes are numbered on from `lastChange`. */
export const refillStore = (
  path: string,
  options: StoreOptions,
  { fill, lastChange }: { readonly fill: (store: Store) => void; readonly lastChange: number },
): void => {
  // The file is made first, as every other one is.
  openStore(path, options).close();
  const db = connect(path);
  try {
    upgrade(db);
    db.write(() => {
      fill(assembleStore(db, options));
      numberOnFrom(db, lastChange);
    });
  } finally {
    db.close();
  }
};

// https://sqlite.org/autoinc.html: the table of sequences may be written to.
const numberOnFrom = (db: Database, lastChange: number): void => {
  const known = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").get()?.seq as
    | number
    | undefined;
  if (known === undefined)
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('changes', ?)").run(lastChange);
  else db.prepare("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'changes'").run(lastChange);
};
