// Figures as rows of text: the median of every subject, and how many times Reeve's it is; or a curve over sizes.
import { type Figure, median, type Outcome } from './comparison.ts';
import { curveOf } from './curve.ts';
import { formatMedian, formatTarget } from './format-value.ts';

const OURS = 'reeve';

export type Row = readonly string[];

/** The header first. Subjects in the order in which they were measured, Reeve always in front. */
export const tableOf = (outcome: Outcome): readonly Row[] => {
  const { figures, skipped, sizes } = outcome;
  if (sizes) return curveOf(figures, sizes);
  const seen = new Set([...figures.flatMap(({ values }) => Object.keys(values)), ...Object.keys(skipped)]);
  const subjects = [OURS, ...[...seen].filter((subject) => subject !== OURS)];
  const withTarget = figures.some(({ target }) => target !== undefined);
  const header = ['', ...subjects, ...(withTarget ? ['target'] : [])];
  const rows = figures.map((figure) => [
    figure.what,
    ...subjects.map((subject) => cellOf(figure, subject, skipped)),
    ...(withTarget ? [formatTarget(figure, OURS)] : []),
  ]);
  return [header, ...rows];
};

const cellOf = (figure: Figure, subject: string, skipped: Outcome['skipped']): string => {
  const values = figure.values[subject];
  if (!values || values.length === 0) return subject in skipped ? 'skipped' : '-';
  const text = formatMedian(values, figure);
  const ours = figure.values[OURS];
  if (subject === OURS || !ours || ours.length === 0) return text;
  return `${text}${ratioOf(median(values), median(ours))}`;
};

const ratioOf = (value: number, ours: number): string => {
  if (ours === 0 || value === 0) return '';
  const ratio = value / ours;
  return ` (${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio >= 0.1 ? 1 : 2)}×)`;
};

export const renderText = (rows: readonly Row[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (row: Row): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  return rows.map((row) => `  ${pad(row).trimEnd()}`).join('\n');
};

export const renderMarkdown = ([header, ...rows]: readonly Row[]): string => {
  const line = (row: Row): string => `| ${row.join(' | ')} |`;
  return [line(header!), `|${'---|'.repeat(header!.length)}`, ...rows.map(line)].join('\n');
};
