import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assembleKinship, findTree } from './find-tree.ts';
import type { ProcessRow } from './process-table.ts';

const row = (pid: number, parent: number, session: number): ProcessRow => ({
  pid,
  parent,
  session,
  group: session,
  startTicks: 1,
  cpuTicks: 0,
  rssPages: 0,
});

const tree = (rows: readonly ProcessRow[], roots: readonly number[], outsiders: readonly number[] = []) =>
  findTree(assembleKinship(new Map(rows.map((one) => [one.pid, one]))), roots, new Set(outsiders))
    .map(({ pid }) => pid)
    .toSorted((a, b) => a - b);

describe('findTree', () => {
  it('finds children of children, whatever session they made for themselves', () => {
    assert.deepEqual(
      tree([row(10, 9, 10), row(11, 10, 10), row(12, 11, 12), row(20, 1, 20)], [10]),
      [10, 11, 12],
    );
  });

  it('finds an orphan by the session it shares with the tree', () => {
    assert.deepEqual(tree([row(10, 9, 10), row(11, 1, 10)], [10]), [10, 11]);
  });

  it('finds a whole foreign-looking session from one process that is known to belong to the tree', () => {
    assert.deepEqual(tree([row(50, 1, 50), row(51, 1, 50), row(52, 51, 52)], [51]), [50, 51, 52]);
  });

  it('leaves outsiders out, and what shares only their session', () => {
    // 10 has not made its own session yet: it still sits in that of its shim, 9.
    assert.deepEqual(tree([row(9, 1, 9), row(8, 9, 9), row(10, 9, 9), row(11, 10, 9)], [10], [9]), [10, 11]);
  });

  it('finds nothing when no root is alive', () => {
    assert.deepEqual(tree([row(20, 1, 20)], [10]), []);
  });
});
