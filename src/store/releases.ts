import { Defect } from '../model/error.ts';
import type { Release, ReleaseState, Revision } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';
import type { ReleaseStore } from '../ports/store.ts';
import type { Database, Row } from './database.ts';

/** Records that are kept per stack, besides those with a folder: each has a whole stack definition. */
const KEPT_RELEASES = 200;

/** Definitions that were read last and are kept as they were parsed. */
const KEPT_DEFINITIONS = 8;

/** Release records. At most one of a stack is `current`: making another one so turns it `stable` in the same write. */
export const openReleases = (db: Database, redact: (text: string) => string): ReleaseStore => {
  const sql = statements(db);
  const toRelease = releaseReader();
  const mustExist = (stack: string, id: number, changed: number): void => {
    if (changed === 0) throw new Defect(`release ${id} of "${stack}" is not on record`);
  };
  return {
    nextId: (stack) => ((sql.last.get(stack)?.last as number | undefined) ?? 0) + 1,
    retireIds: (stack, upTo) => void sql.count.run(stack, upTo),
    insert: (release) =>
      db.write(() => {
        const { stackName, id } = release;
        if (sql.get.get(stackName, id)) throw new Defect(`release ${id} of "${stackName}" exists already`);
        insertRow(sql.insert, release, redact);
        sql.count.run(stackName, id);
        sql.prune.run(stackName, stackName, KEPT_RELEASES);
      }),
    get: (stack, id) => {
      const row = sql.get.get(stack, id);
      return row ? toRelease(row) : null;
    },
    current: (stack) => {
      const row = sql.current.get(stack);
      return row ? toRelease(row) : null;
    },
    list: (stack, limit = ALL) => sql.list.all(stack, limit).map(toRelease),
    onDisk: () => sql.onDisk.all().map((row) => ({ stack: row.stack as string, id: row.id as number })),
    setState: (stack, id, state, reason) =>
      db.write(() => {
        if (state === 'current') sql.demote.run(stack, id);
        mustExist(stack, id, sql.setState.run(state, reason === null ? null : redact(reason), stack, id));
      }),
    setHasTree: (stack, id, hasTree) => mustExist(stack, id, sql.setHasTree.run(hasTree ? 1 : 0, stack, id)),
    remove: (stack, id) => void sql.remove.run(stack, id),
  };
};

const statements = (db: Database) => ({
  last: db.prepare('SELECT last FROM release_numbers WHERE stack = ?'),
  count: db.prepare(
    'INSERT INTO release_numbers (stack, last) VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  ),
  insert: db.prepare(
    `INSERT INTO releases (stack, id, revision, definition, env_fingerprint, state, state_reason, has_tree, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  get: db.prepare('SELECT * FROM releases WHERE stack = ? AND id = ?'),
  // The newest first: it is found among them, or nowhere.
  current: db.prepare(
    `SELECT * FROM releases WHERE stack = ? AND state = 'current' ORDER BY id DESC LIMIT 1`,
  ),
  list: db.prepare('SELECT * FROM releases WHERE stack = ? ORDER BY id DESC LIMIT ?'),
  onDisk: db.prepare('SELECT stack, id FROM releases WHERE has_tree = 1 ORDER BY stack, id'),
  prune: db.prepare(
    `DELETE FROM releases WHERE stack = ? AND has_tree = 0 AND state <> 'current'
     AND id <= (SELECT id FROM releases WHERE stack = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  ),
  demote: db.prepare(
    `UPDATE releases SET state = 'stable', state_reason = NULL WHERE stack = ? AND state = 'current' AND id <> ?`,
  ),
  setState: db.prepare('UPDATE releases SET state = ?, state_reason = ? WHERE stack = ? AND id = ?'),
  setHasTree: db.prepare('UPDATE releases SET has_tree = ? WHERE stack = ? AND id = ?'),
  remove: db.prepare('DELETE FROM releases WHERE stack = ? AND id = ?'),
});

const insertRow = (
  statement: ReturnType<Database['prepare']>,
  release: Release,
  redact: (text: string) => string,
): void => {
  statement.run(
    release.stackName,
    release.id,
    JSON.stringify(release.revision),
    JSON.stringify(release.stack),
    release.envFingerprint,
    release.state,
    release.stateReason === null ? null : redact(release.stateReason),
    release.hasTree ? 1 : 0,
    release.createdAt,
  );
};

/** A negative limit is none (https://sqlite.org/lang_select.html#limitoffset). */
const ALL = -1;

// The definition of a stack of 500 services has 400 KB, and each of its instances asks for it: equal text, the same object.
const releaseReader = (): ((row: Row) => Release) => {
  const known = new Map<string, Stack>();
  const readStack = (text: string): Stack => {
    const stack = known.get(text) ?? (JSON.parse(text) as Stack);
    // Put last: the one that was asked for longest ago is the first to go.
    known.delete(text);
    known.set(text, stack);
    if (known.size > KEPT_DEFINITIONS) known.delete(known.keys().next().value!);
    return stack;
  };
  return (row) => toRelease(row, readStack(row.definition as string));
};

const toRelease = (row: Row, stack: Stack): Release => ({
  id: row.id as number,
  stackName: row.stack as string,
  revision: JSON.parse(row.revision as string) as Revision,
  stack,
  envFingerprint: row.env_fingerprint as string,
  state: row.state as ReleaseState,
  stateReason: row.state_reason as string | null,
  hasTree: row.has_tree === 1,
  createdAt: row.created_at as number,
});
