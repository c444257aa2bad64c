// What the agent remembers: one SQLite file that several processes may use at once. A write is on disk when the
// call returns, and no secret is in it. This room never judges what it keeps; plans and effects are not its business.
import type { ProcessIdentity } from '../model/lock.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { Store } from '../ports/store.ts';
import { openAudit } from './audit.ts';
import { connect, type Database } from './database.ts';
import { openInstances } from './instances.ts';
import { openJournal } from './journal.ts';
import { openLock } from './lock.ts';
import { openFile } from './open-file.ts';
import { openPorts } from './ports.ts';
import { openReleases } from './releases.ts';
import { openStacks } from './stacks.ts';
import { upgrade } from './upgrade/upgrade.ts';

export type StoreOptions = {
  /** Masks every text that comes from programs or people before it is written. */
  readonly redactor: Redactor;
  /** Whether exactly that process lives; decides whether a lock may be taken over. */
  readonly isAlive: (identity: ProcessIdentity) => boolean;
  readonly clock: { now(): number };
};

/**
 * Opens the database at `path`, made where there is none; `:memory:` for one that is gone with the process.
 * Refusals `store.newer`, `store.damaged`; Failures `store.unusable`, `store.full`: the file is then as it was.
 */
export const openStore = (path: string, options: StoreOptions): Store => {
  const db = path === ':memory:' ? connect(path) : openFile(path);
  try {
    upgrade(db);
    return assembleStore(db, options);
  } catch (error) {
    db.close();
    throw error;
  }
};

/** The stores over a connection that is open and up to date. */
export const assembleStore = (db: Database, options: StoreOptions): Store => {
  const redact = (text: string): string => options.redactor.redact(text);
  const audit = openAudit(db, redact);
  return {
    stacks: openStacks(db),
    releases: openReleases(db, redact),
    journal: openJournal(db, redact),
    instances: openInstances(db),
    ports: openPorts(db),
    lock: openLock(db, { redact, isAlive: options.isAlive, now: () => options.clock.now(), audit }),
    audit,
    close: () => db.close(),
  };
};
