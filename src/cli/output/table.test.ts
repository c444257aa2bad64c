import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uncolored } from './paint.ts';
import { type Column, renderTable } from './table.ts';
import { paintLines, span } from './text.ts';

const COLUMNS: readonly Column[] = [
  { title: 'NAME', atLeast: 4 },
  { title: 'STATE', atLeast: 6 },
  { title: 'PORT', align: 'right' },
  { title: 'PID', align: 'right', drop: 1 },
  { title: 'EMPTY' },
];

const ROWS = [
  ['web', 'healthy 200 in 3 ms', '20001', '4711', ''],
  ['日本', 'starting', '', '9', ''],
].map((row) => row.map((text) => [span(text)]));

const table = (width: number): string =>
  paintLines(renderTable({ columns: COLUMNS, rows: ROWS }, { width }), uncolored);

test('renderTable aligns columns by their width on the screen and leaves empty ones out', () => {
  assert.equal(
    table(Infinity),
    `\
NAME  STATE                 PORT   PID
web   healthy 200 in 3 ms  20001  4711
日本  starting                       9
`,
  );
});

test('renderTable cuts what may be cut when the screen is too narrow', () => {
  assert.equal(
    table(32),
    `\
NAME  STATE           PORT   PID
web   healthy 200 …  20001  4711
日本  starting                 9
`,
  );
});

test('renderTable leaves columns out when cutting is not enough', () => {
  assert.equal(
    table(22),
    `\
NAME  STATE       PORT
web   healthy …  20001
日本  starting
`,
  );
});
