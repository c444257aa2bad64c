import { type Figure, median, spread } from './comparison.ts';

/** From here on a figure is called noisy. */
const NOISY = 0.3;

/** `~` in front of what is noisy. */
export const formatMedian = (values: readonly number[], figure: Figure): string =>
  `${spread(values) > NOISY ? '~' : ''}${formatValue(median(values), figure)}`;

/** What was promised, and whether the subject keeps it; empty where nothing was. */
export const formatTarget = (figure: Figure, subject: string): string => {
  const { target, better } = figure;
  const values = figure.values[subject];
  if (target === undefined) return '';
  const limit = `${better === 'less' ? '≤' : '≥'} ${formatValue(target, figure)}`;
  if (!values || values.length === 0) return limit;
  const value = median(values);
  return `${limit}: ${(better === 'less' ? value <= target : value >= target) ? 'met' : 'missed'}`;
};

const formatValue = (value: number, { unit }: Figure): string => {
  if (unit === 'count') return String(Math.round(value));
  if (unit === 'requests/s') return `${Math.round(value)}/s`;
  if (unit === 'ms of CPU/1,000 requests') return `${value.toFixed(0)} ms`;
  if (unit === '% of a core') return `${value.toFixed(2)}%`;
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
};
