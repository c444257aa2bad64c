// Text with a unit, as people write it in a stack file, and back. A bare number is nobody's unit, so it is refused.

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const BYTES_PER_UNIT = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

export const DURATION = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/;
export const SIZE = /^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;
export const PERCENT = /^(100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%$/;

/** `"1.5s"` in milliseconds, whole; null where the text is not a duration. */
export const parseDuration = (text: string): number | null => {
  const match = DURATION.exec(text);
  return match && Math.round(Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT]);
};

/** `"512MB"` (a million each) or `"1GiB"` (powers of 1,024) in bytes, whole; null where the text is not a size. */
export const parseSize = (text: string): number | null => {
  const match = SIZE.exec(text);
  return match && Math.round(Number(match[1]) * BYTES_PER_UNIT[match[2] as keyof typeof BYTES_PER_UNIT]);
};

/** `"5%"` as 0.05; null where the text is not a share between 0% and 100%. */
export const parsePercent = (text: string): number | null => {
  const match = PERCENT.exec(text);
  return match && Number(match[1]) / 100;
};

/** Milliseconds as the shortest text that `parseDuration` reads back to the same number. */
export const formatDuration = (ms: number): string => inLargestUnit(ms, MS_PER_UNIT, 'ms');

/** Bytes as the shortest text that `parseSize` reads back to the same number. */
export const formatSize = (bytes: number): string => inLargestUnit(bytes, BYTES_PER_UNIT, 'B');

export const formatPercent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;

const inLargestUnit = (amount: number, units: Readonly<Record<string, number>>, smallest: string): string => {
  if (amount === 0) return smallest === 'ms' ? '0s' : '0B';
  const [unit, size] = Object.entries(units)
    .toSorted(([, a], [, b]) => b - a)
    .find(([, size]) => amount >= size && amount % size === 0) ?? [smallest, 1];
  return `${amount / size}${unit}`;
};
