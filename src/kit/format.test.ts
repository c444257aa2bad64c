import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatBytes, formatDuration, formatShare } from './format.ts';

test('formatDuration gives about two digits in the unit that fits', () => {
  const cases: readonly (readonly [number, string])[] = [
    [-5, '0 ms'],
    [0, '0 ms'],
    [312.4, '312 ms'],
    [999.6, '1.0 s'],
    [1_900, '1.9 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_600, '1 min'],
    [252_000, '4 min 12 s'],
    [3_599_600, '1 h'],
    [11_100_000, '3 h 5 min'],
    [187_200_000, '2 d 4 h'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('formatAge gives one unit, rounded down', () => {
  const ages = [-1, 59_999, 60_000, 3_599_000, 3_600_000, 86_399_000, 86_400_000].map(formatAge);
  assert.deepEqual(ages, ['0 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d']);
});

test('formatBytes counts in thousands', () => {
  const sizes = [0, 999, 1_000, 1_500, 84_000_000, 999_600_000, 1_204_000_000].map(formatBytes);
  assert.deepEqual(sizes, ['0 B', '999 B', '1.0 KB', '1.5 KB', '84 MB', '1.0 GB', '1.2 GB']);
});

test('formatShare has a digit more for small shares', () => {
  assert.deepEqual([0, 0.004, 0.12, 2.3].map(formatShare), ['0.0%', '0.4%', '12%', '230%']);
});
