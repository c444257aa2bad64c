import type { AuditStore } from '../ports/store.ts';
import type { Database } from './database.ts';

/** Who asked for what. Rows are only ever added. */
export const openAudit = (db: Database, redact: (text: string) => string): AuditStore => {
  const append = db.prepare('INSERT INTO audit (at, asked_by, what, change, outcome) VALUES (?, ?, ?, ?, ?)');
  const list = db.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT ?');
  return {
    append: ({ at, by, what, change, outcome }) =>
      void append.run(at, by, redact(what), change, redact(outcome)),
    list: (limit) =>
      list.all(limit).map((row) => ({
        at: row.at as number,
        by: row.asked_by as string,
        what: row.what as string,
        change: row.change as number | null,
        outcome: row.outcome as string,
      })),
  };
};
