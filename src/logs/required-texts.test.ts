import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requiredTexts } from './required-texts.ts';

const CASES: readonly (readonly [pattern: string, texts: readonly string[] | null])[] = [
  ['needle', ['needle']],
  ['timeout|panic: .*', ['timeout', 'panic: ']],
  ['^GET /orders/\\d+ 5\\d\\d', ['GET /orders/']],
  ['user\\.name=[a-z]+ took \\d+ms', ['user.name=']],
  ['lo+ng sto*p', ['ng st']],
  ['too?', ['to']],
  ['ab', null],
  ['a{2}', null],
  ['(one|two) words', null],
  ['one|\\d+', null],
  ['\\x41mount', null],
  ['', null],
  // Its beginning could be the end of an escape.
  ['error', ['rror']],
  ['failed', ['iled']],
  ['x07 began', [' began']],
  // Could be a part of a mask.
  ['secret', null],
  ['password=\\[', ['password=']],
];

for (const [pattern, texts] of CASES) {
  test(`of /${pattern}/ a line that matches has ${texts ? `"${texts.join('" or "')}"` : 'nothing certain'}`, () => {
    assert.deepEqual(requiredTexts(pattern), texts);
  });
}
