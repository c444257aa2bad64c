import type { Change, Retreat, StepRecord } from '../model/change.ts';
import { Defect, type ErrorReport, redactReport } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { JournalStore } from '../ports/store.ts';
import type { Database, Row } from './database.ts';

/** Ended changes that are kept per stack. */
const KEPT_CHANGES = 1_000;

/** Changes and their records. Words, errors and outcomes are redacted here; a plan holds nothing secret. */
export const openJournal = (db: Database, redact: (text: string) => string): JournalStore => {
  const sql = statements(db);
  const read = (row: Row): Change => toChange(row, sql.recordsOf.all(row.id as number));
  const mustExist = (id: number, changed: number): void => {
    if (changed === 0) throw new Defect(`change ${id} is not in the journal`);
  };
  return {
    open: ({ stack, plan, by, state, at }) => read(sql.open.get(stack, state, JSON.stringify(plan), by, at)!),
    begin: (id, { plan, fencing }) =>
      mustExist(id, sql.begin.run('running', JSON.stringify(plan), fencing, id)),
    setPlan: (id, plan) => mustExist(id, sql.setPlan.run(JSON.stringify(plan), id)),
    setFencing: (id, fencing) => mustExist(id, sql.setFencing.run(fencing, id)),
    requestCancel: (id) => mustExist(id, sql.requestCancel.run(id)),
    setUndoing: (id, { why, report, blame }) => {
      const retreat: Retreat = {
        why,
        report: redactReport(report, redact),
        blame: blame === null ? null : redact(blame),
      };
      mustExist(id, sql.setUndoing.run('undoing', JSON.stringify(retreat), id));
    },
    retreat: (id) => {
      const text = sql.retreat.get(id)?.retreat as string | null | undefined;
      return text ? (JSON.parse(text) as Retreat) : null;
    },
    record: (id, { step, event, at, words }) =>
      db.write(() => {
        mustExist(id, sql.exists.get(id) ? 1 : 0);
        return toRecord(sql.record.get(id, step, event, at, words === null ? null : redact(words), id)!);
      }),
    close: (id, { state, at, outcome, error }) =>
      db.write(() => {
        const text = error && JSON.stringify(redactReport(error, redact));
        mustExist(id, sql.close.run(state, at, redact(outcome), text, id));
        sql.prune.run(id, id, KEPT_CHANGES);
      }),
    get: (id) => {
      const row = sql.get.get(id);
      return row ? read(row) : null;
    },
    list: ({ stack, limit }) => {
      const rows = stack === null ? sql.list.all(limit) : sql.listOf.all(stack, limit);
      return rows.map(read);
    },
    unfinished: () => sql.unfinished.all().map(read),
  };
};

const statements = (db: Database) => ({
  open: db.prepare(
    'INSERT INTO changes (stack, state, plan, asked_by, opened_at) VALUES (?, ?, ?, ?, ?) RETURNING *',
  ),
  begin: db.prepare('UPDATE changes SET state = ?, plan = ?, fencing = ? WHERE id = ?'),
  setPlan: db.prepare('UPDATE changes SET plan = ? WHERE id = ?'),
  setFencing: db.prepare('UPDATE changes SET fencing = ? WHERE id = ?'),
  requestCancel: db.prepare('UPDATE changes SET cancel_requested = 1 WHERE id = ?'),
  setUndoing: db.prepare('UPDATE changes SET state = ?, retreat = ? WHERE id = ?'),
  retreat: db.prepare('SELECT retreat FROM changes WHERE id = ?'),
  exists: db.prepare('SELECT 1 FROM changes WHERE id = ?'),
  record: db.prepare(
    `INSERT INTO records (change, seq, step, event, at, words)
     SELECT ?, coalesce(max(seq), 0) + 1, ?, ?, ?, ? FROM records WHERE change = ? RETURNING *`,
  ),
  recordsOf: db.prepare('SELECT * FROM records WHERE change = ? ORDER BY seq'),
  close: db.prepare(
    'UPDATE changes SET state = ?, closed_at = ?, outcome = ?, error = ?, retreat = NULL WHERE id = ?',
  ),
  prune: db.prepare(
    `DELETE FROM changes WHERE closed_at IS NOT NULL
     AND stack = (SELECT stack FROM changes WHERE id = ?)
     AND id <= (SELECT id FROM changes WHERE stack = (SELECT stack FROM changes WHERE id = ?)
                ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  ),
  get: db.prepare('SELECT * FROM changes WHERE id = ?'),
  list: db.prepare('SELECT * FROM changes ORDER BY id DESC LIMIT ?'),
  listOf: db.prepare('SELECT * FROM changes WHERE stack = ? ORDER BY id DESC LIMIT ?'),
  unfinished: db.prepare('SELECT * FROM changes WHERE closed_at IS NULL ORDER BY id'),
});

const toChange = (row: Row, records: readonly Row[]): Change => ({
  id: row.id as number,
  stack: row.stack as string,
  state: row.state as Change['state'],
  plan: JSON.parse(row.plan as string) as Plan,
  by: row.asked_by as string,
  openedAt: row.opened_at as number,
  closedAt: row.closed_at as number | null,
  cancelRequested: row.cancel_requested === 1,
  fencing: row.fencing as number | null,
  records: records.map(toRecord),
  error: row.error === null ? null : (JSON.parse(row.error as string) as ErrorReport),
  outcome: row.outcome as string | null,
});

const toRecord = (row: Row): StepRecord => ({
  seq: row.seq as number,
  step: row.step as number,
  event: row.event as StepRecord['event'],
  at: row.at as number,
  words: row.words as string | null,
});
