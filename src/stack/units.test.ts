import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatDuration,
  formatPercent,
  formatSize,
  parseDuration,
  parsePercent,
  parseSize,
} from './units.ts';

test('parseDuration gives milliseconds when the text has a unit', () => {
  const cases = {
    '500ms': 500,
    '10s': 10_000,
    '5m': 300_000,
    '1h': 3_600_000,
    '2d': 172_800_000,
    '1.5s': 1500,
    '0s': 0,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

test('parseDuration gives null when the text is no duration', () => {
  for (const text of ['', '10', '10 s', '-1s', '1h30m', '1e3s', '.5s', '10S', '9999999999s', 's'])
    assert.equal(parseDuration(text), null, text);
});

test('parseSize tells millions from powers of two', () => {
  const cases = { '512MB': 512e6, '1GiB': 2 ** 30, '1.5KB': 1500, '10 KiB': 10_240, '7B': 7 };
  for (const [text, bytes] of Object.entries(cases)) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', '512', '512m', '512mb', '-1MB', '1PB']) assert.equal(parseSize(text), null, text);
});

test('parsePercent gives a share between 0 and 1', () => {
  assert.deepEqual(['0%', '5%', '2.5%', '100%'].map(parsePercent), [0, 0.05, 0.025, 1]);
  for (const text of ['5', '101%', '-1%', '1000%', '%', '100.5%'])
    assert.equal(parsePercent(text), null, text);
});

test('what is formatted is read back as the same number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 900_000_000 }), (amount) => {
      assert.equal(parseDuration(formatDuration(amount)), amount);
      assert.equal(parseSize(formatSize(amount)), amount);
    }),
  );
  assert.deepEqual([formatDuration(90_000), formatSize(64e6), formatPercent(0.05)], ['90s', '64MB', '5%']);
});
