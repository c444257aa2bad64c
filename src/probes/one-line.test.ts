import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutWords, firstLine, lastLine, toOneLine } from './one-line.ts';

test('words are one line without control characters when a program sends a terminal sequence', () => {
  assert.equal(toOneLine('\u001b[2Jready\r\nor \u0007not\u202e \u2028'), 'ready or not');
});

test('words are cut at 200 characters, and never inside a character, when they are long', () => {
  assert.equal(cutWords(`${'x'.repeat(198)}😀😀`), `${'x'.repeat(198)}…`);
  assert.equal(cutWords('x'.repeat(200)).length, 200);
});

test('first and last line are those with something on them when there are empty ones', () => {
  assert.equal(firstLine('\n\n one \ntwo\n\n'), 'one');
  assert.equal(lastLine('\n\none\n two \n\n'), 'two');
  assert.equal(lastLine(''), '');
});
