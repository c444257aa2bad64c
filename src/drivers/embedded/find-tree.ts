import type { ProcessRow, ProcessTable } from './process-table.ts';

/** Parents and sessions of one process table, looked up many times. */
export type Kinship = {
  readonly table: ProcessTable;
  readonly children: ReadonlyMap<number, readonly ProcessRow[]>;
  readonly sessions: ReadonlyMap<number, readonly ProcessRow[]>;
};

export const assembleKinship = (table: ProcessTable): Kinship => {
  const rows = [...table.values()];
  return {
    table,
    children: Map.groupBy(rows, (row) => row.parent),
    sessions: Map.groupBy(rows, (row) => row.session),
  };
};

/**
 * All that descends from `roots`, or shares a session with what does: pids of processes known to belong to the tree.
 * A session of the tree was made in the tree, and its number is not given out again while it has members.
 * `outsiders` are never part of it, nor what only they lead to.
 */
export const findTree = (
  kinship: Kinship,
  roots: Iterable<number>,
  outsiders: ReadonlySet<number>,
): readonly ProcessRow[] => {
  const tree = new Map<number, ProcessRow>();
  const queue = [...roots];
  const sessions = new Set<number>();
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    const row = kinship.table.get(pid);
    if (!row || tree.has(pid) || outsiders.has(pid)) continue;
    tree.set(pid, row);
    for (const child of kinship.children.get(pid) ?? []) queue.push(child.pid);
    if (sessions.has(row.session) || outsiders.has(row.session)) continue;
    sessions.add(row.session);
    for (const member of kinship.sessions.get(row.session) ?? []) queue.push(member.pid);
  }
  return [...tree.values()];
};
