import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHealthBody } from './health-body.ts';

const BODIES: readonly (readonly [text: string, expected: ReturnType<typeof parseHealthBody>])[] = [
  ['{"status":"ok"}', { state: 'healthy', words: null, progress: null }],
  ['{"status":"PASS"}', { state: 'healthy', words: null, progress: null }],
  [
    '{"status":"degraded","message":"cold cache"}',
    { state: 'degraded', words: 'cold cache', progress: null },
  ],
  [
    '{"status":"starting","detail":"migrating","progress":0.25}',
    { state: 'starting', words: 'migrating', progress: 0.25 },
  ],
  [
    '{"status":"starting","progress":{"done":1,"total":4}}',
    { state: 'starting', words: null, progress: 0.25 },
  ],
  [
    '{"status":"starting","progress":{"done":1,"total":0}}',
    { state: 'starting', words: null, progress: null },
  ],
  ['{"status":"starting","progress":17}', { state: 'starting', words: null, progress: 1 }],
  ['{"status":"fail"}', { state: 'unhealthy', words: null, progress: null }],
  ['{"status":"purple","message":7}', { state: null, words: null, progress: null }],
  ['{"status":"constructor"}', { state: null, words: null, progress: null }],
  ['{}', { state: null, words: null, progress: null }],
  ['[]', null],
  ['null', null],
  ['"ok"', null],
  ['ok', null],
  ['{"status":', null],
];

for (const [text, expected] of BODIES) {
  test(`health body is read as ${JSON.stringify(expected?.state ?? null)} when it is ${text}`, () => {
    assert.deepEqual(parseHealthBody(text), expected);
  });
}
