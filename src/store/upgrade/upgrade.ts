import { Refusal } from '../../model/error.ts';
import type { Database } from '../database.ts';
import { FIRST } from './001-first.ts';
import { RETREAT } from './002-retreat.ts';

/** Upgrade n (counted from 1) leads from schema n-1 to schema n. */
const UPGRADES: readonly string[] = [FIRST, RETREAT];

/**
 * Brings a database to the schema of this Reeve, all upgrades in one transaction. Refusal `store.newer` where a
 * newer Reeve wrote it. Several processes may do it at once: one upgrades, the others find it done.
 */
export const upgrade = (db: Database, upgrades: readonly string[] = UPGRADES): void => {
  if (schemaOf(db) === upgrades.length) return;
  db.write(() => {
    const from = schemaOf(db);
    if (from > upgrades.length) throw newer(db.path, from, upgrades.length);
    for (const sql of upgrades.slice(from)) db.exec(sql);
    db.exec(`PRAGMA user_version = ${upgrades.length}`);
  });
};

const schemaOf = (db: Database): number => db.prepare('PRAGMA user_version').get()!.user_version as number;

const newer = (path: string, found: number, known: number): Refusal =>
  new Refusal(
    'store.newer',
    `Cannot use "${path}": its schema is ${found}, at most ${known} is required by this version of Reeve`,
    { fix: 'use the version of Reeve that wrote it, or a newer one' },
  );
