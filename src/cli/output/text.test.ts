import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineWidth, paintLine, plain, span, truncate, widthOf, wrap } from './text.ts';
import { colored, uncolored } from './paint.ts';

test('widthOf counts two columns for wide characters and emoji, none for combining marks', () => {
  const widths = ['web', '日本', '한글', 'é', 'e\u0301', '🚀', '👩‍🚀', '⚠️', '●', '…', 'a\u200bb', ''].map(
    widthOf,
  );
  assert.deepEqual(widths, [3, 4, 4, 1, 1, 2, 2, 2, 1, 1, 2, 0]);
});

test('truncate cuts at a whole character and leaves room for the ellipsis', () => {
  const cut = (text: string, width: number): string => paintLine(truncate([span(text)], width), uncolored);
  assert.equal(cut('healthy', 7), 'healthy');
  assert.equal(cut('healthy', 4), 'hea…');
  assert.equal(cut('日本語', 4), '日…');
  assert.equal(cut('healthy', 0), '');
});

test('truncate cuts a line of several spans where the width ends, and keeps the styles before', () => {
  const line = truncate([span('healthy', 'green'), span('  200 in 3 ms', 'dim')], 12);
  assert.equal(paintLine(line, uncolored), 'healthy  20…');
  assert.equal(lineWidth(line), 12);
  assert.ok(paintLine(line, colored).startsWith('\x1b[32mhealthy'));
});

test('plain shows control characters instead of sending them to the terminal', () => {
  assert.equal(plain('a\x1b[2Jb\r\n\x9bc'), 'a\\x1b[2Jb\\x0d\\x0a\\x9bc');
  assert.equal(span('\x07').text, '\\x07');
});

test('wrap breaks at spaces and leaves a word that is too long whole', () => {
  assert.deepEqual(wrap('check that it listens', 12), ['check that', 'it listens']);
  assert.deepEqual(wrap('see http://127.0.0.1:20002/up now', 10), [
    'see',
    'http://127.0.0.1:20002/up',
    'now',
  ]);
  assert.deepEqual(wrap('', 10), ['']);
});
