// A curve as a table: a column for each size, and beside each figure how much it grew for how much more.
import { type Figure, median, type Sizes } from './comparison.ts';
import { formatMedian, formatTarget } from './format-value.ts';

/** The header first. A target holds at the largest size. */
export const curveOf = (figures: readonly Figure[], sizes: Sizes): readonly (readonly string[])[] => {
  const labels = Object.keys(sizes);
  const withTarget = figures.some(({ target }) => target !== undefined);
  return [
    ['', ...labels, ...(withTarget ? ['target'] : [])],
    ...figures.map((figure) => [
      figure.what,
      ...labels.map((label, at) => cellOf(figure, sizes, label, labels[at - 1])),
      ...(withTarget ? [formatTarget(figure, labels.at(-1)!)] : []),
    ]),
  ];
};

const cellOf = (figure: Figure, sizes: Sizes, label: string, before: string | undefined): string => {
  const values = figure.values[label];
  if (!values || values.length === 0) return '-';
  const text = formatMedian(values, figure);
  const smaller = before === undefined ? undefined : figure.values[before];
  if (before === undefined || !smaller || smaller.length === 0 || median(smaller) === 0) return text;
  return `${text} (${times(median(values) / median(smaller))} for ${times(sizes[label]! / sizes[before]!)})`;
};

const times = (ratio: number): string =>
  `×${ratio >= 10 || Number.isInteger(ratio) ? ratio.toFixed(0) : ratio.toFixed(1)}`;
