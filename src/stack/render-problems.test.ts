import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../model/problem.ts';
import { countProblems, renderProblems } from './render-problems.ts';

const at = (line: number, column: number, rest: Partial<Problem> = {}): Problem => ({
  code: 'value.wrong',
  severity: 'error',
  file: '/srv/shop/reeve.yaml',
  line,
  column,
  message: 'Cannot read "name": 5, a name is required',
  ...rest,
});

test('renderProblems points at the place, and shows what was expected and a fix', () => {
  assert.equal(
    renderProblems([at(1, 7, { expected: 'lower-case letters', fix: 'write five' })], {
      text: 'name: 5\n',
      name: 'reeve.yaml',
    }),
    `reeve.yaml:1:7: error: Cannot read "name": 5, a name is required [value.wrong]
  1 | name: 5
    |       ^
  expected  lower-case letters
  fix       write five
`,
  );
});

test('renderProblems uses the path of the file when no name is given', () => {
  assert.match(renderProblems([at(1, 1)], { text: 'x' }), /^\/srv\/shop\/reeve\.yaml:1:1: /);
});

test('renderProblems keeps the caret below its place when a tab stands before it', () => {
  assert.match(renderProblems([at(1, 4)], { text: 'a:\t5' }), /\| a:\t5\n {4}\| {3}\t\^\n/);
});

test('renderProblems cuts a long line around the place', () => {
  const rendered = renderProblems([at(1, 901)], { text: `${'a'.repeat(900)}!${'b'.repeat(900)}` });
  const [, source, caret] = rendered.split('\n');
  assert.ok(source!.length < 120);
  assert.equal(source![caret!.indexOf('^')], '!');
});

test('renderProblems shows nothing that a terminal would obey', () => {
  const rendered = renderProblems([at(1, 1)], { text: 'a: \u001b[31m\u202e\u009b\r\n' });
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  assert.doesNotMatch(rendered, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test('renderProblems masks secrets, and the caret stays where it belongs', () => {
  const lines = [
    '  JWT_SECRET: hunter2',
    'env: { API_KEY: hunter2, B: c }',
    'url: postgres://me:hunter2@db/x',
  ];
  for (const line of lines) {
    const rendered = renderProblems([at(1, line.length)], { text: line });
    assert.doesNotMatch(rendered, /hunter2/);
    assert.equal(rendered.split('\n')[2]!.indexOf('^'), '  1 | '.length + line.length - 1);
  }
});

test('renderProblems hands every piece to the painter', () => {
  const rendered = renderProblems([at(1, 1, { fix: 'x' })], {
    text: 'a',
    name: 'f',
    paint: (role, text) => `<${role}:${text}>`,
  });
  assert.match(
    rendered,
    /^<place:f:1:1:> <error:error:> .* <code:\[value\.wrong\]>\n {2}<gutter:1 \|> a\n {2}<gutter: {2}\|> <caret:\^>\n {2}<label:fix>/,
  );
});

test('countProblems counts in words', () => {
  assert.equal(countProblems([at(1, 1), at(1, 1), at(1, 1, { severity: 'warning' })]), '2 errors, 1 warning');
  assert.equal(countProblems([]), '');
});
