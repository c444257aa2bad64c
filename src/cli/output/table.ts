import { type Line, lineWidth, padEnd, padStart, span, truncate } from './text.ts';

export type Column = {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut, down to this many columns, when the table is wider than the terminal; columns without it are not cut. */
  readonly atLeast?: number;
  /** Left out when cutting was not enough; those with the highest number go first. */
  readonly drop?: number;
};

export type Table = {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Line[])[];
};

export type TableLayout = {
  /** Of the terminal; Infinity where nothing limits a line. */
  readonly width: number;
  readonly gap?: number;
};

type Laid = { readonly column: Column; readonly cells: readonly Line[]; readonly width: number };

/** Aligned lines, the titles first. Columns without a single value are left out. */
export const renderTable = ({ columns, rows }: Table, { width, gap = 2 }: TableLayout): Line[] => {
  const filled = columns
    .map((column, at) => ({ column, cells: rows.map((row) => row[at] ?? []) }))
    .filter(({ cells }) => cells.some((cell) => lineWidth(cell) > 0))
    .map((one) => ({
      ...one,
      width: Math.max(lineWidth([span(one.column.title)]), ...one.cells.map(lineWidth)),
    }));
  const laid = fit(filled, width, gap);
  const titles = joinCells(
    laid.map((one) => place([span(one.column.title, 'dim')], one)),
    gap,
  );
  return [
    titles,
    ...rows.map((_row, at) =>
      joinCells(
        laid.map((one) => place(one.cells[at]!, one)),
        gap,
      ),
    ),
  ];
};

const fit = (all: readonly Laid[], width: number, gap: number): readonly Laid[] => {
  let left = all;
  for (;;) {
    const shrunk = shrink(left, overflow(left, width, gap));
    if (overflow(shrunk, width, gap) <= 0) return shrunk;
    const victim = left
      .filter(({ column }) => column.drop !== undefined)
      .toSorted((one, other) => other.column.drop! - one.column.drop!)[0];
    if (!victim) return shrunk;
    left = left.filter((one) => one !== victim);
  }
};

const overflow = (columns: readonly Laid[], width: number, gap: number): number =>
  columns.reduce((sum, one) => sum + one.width, gap * Math.max(0, columns.length - 1)) - width;

// Takes what is too much from the widest cuttable column first, so that two long ones end equally long.
const shrink = (columns: readonly Laid[], tooMuch: number): readonly Laid[] => {
  const widths = columns.map((one) => one.width);
  for (let over = tooMuch; over > 0; over -= 1) {
    let widest = -1;
    columns.forEach(({ column }, at) => {
      if (column.atLeast === undefined || widths[at]! <= column.atLeast) return;
      if (widest < 0 || widths[at]! > widths[widest]!) widest = at;
    });
    if (widest < 0) break;
    widths[widest]! -= 1;
  }
  return columns.map((one, at) => ({ ...one, width: widths[at]! }));
};

const place = (cell: Line, { column, width }: Laid): Line => {
  const cutCell = truncate(cell, width);
  return column.align === 'right' ? padStart(cutCell, width) : padEnd(cutCell, width);
};

const joinCells = (cells: readonly Line[], gap: number): Line =>
  cells.flatMap((cell, at) => (at === 0 ? cell : [{ text: ' '.repeat(gap) }, ...cell]));
