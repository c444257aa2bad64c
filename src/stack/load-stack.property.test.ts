// Stack files that were damaged at random: whatever comes in, an answer comes out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasErrors } from '../model/problem.ts';
import { loadStack } from './load-stack.ts';
import { renderProblems } from './render-problems.ts';

const folder = resolve(import.meta.dirname, '../../test/stacks/valid');
const seeds = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

const ODD = [
  '',
  ' ',
  '\n',
  '\t',
  ':',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '!x ',
  '|',
  '>',
  '<<: ',
  '---\n',
  '%',
  '~',
  'null',
  '5',
  '-1',
  '1e999',
  '.inf',
  'true',
  '$',
  '$(',
  '__proto__',
  'constructor',
  '../',
  '\u0000',
  '\ufeff',
  '\u202e',
  '💥',
  'x'.repeat(200),
];

type Edit = { readonly at: number; readonly length: number; readonly text: string };

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 80 })),
  text: fc.oneof(fc.constantFrom(...ODD), fc.string({ maxLength: 8 })),
});

const damaged = fc
  .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 6 }))
  .map(([seed, edits]) =>
    edits.reduce((text, { at, length, text: put }) => {
      const from = Math.floor(at * text.length);
      return text.slice(0, from) + put + text.slice(from + length);
    }, seed),
  );

// What a terminal would obey.
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

const checkAnswer = (text: string): void => {
  const began = performance.now();
  const { stack, problems } = loadStack({ path: '/srv/reeve.yaml', text });
  assert.ok(performance.now() - began < 5000, 'it took too long');
  assert.equal(stack === null, hasErrors(problems));
  const lines = text.split('\n');
  for (const { line, column, message, code } of problems) {
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column} of ${code}`);
    assert.match(message, /^Cannot [^\n]*[^.\n]$/);
  }
  assert.doesNotMatch(renderProblems(problems, { text }), OBEYED);
};

test('loadStack answers with places inside the file when a valid file was damaged', () => {
  fc.assert(fc.property(damaged, checkAnswer), { numRuns: 1000 });
});

test('loadStack answers when the text is anything at all', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), checkAnswer), { numRuns: 300 });
});

test('loadStack answers in good time when a file was made to keep it busy', () => {
  const hostile = [
    '['.repeat(100_000),
    '{a: '.repeat(50_000),
    '- '.repeat(50_000),
    `name: ${'a'.repeat(900_000)}\n`,
    `name: ${'a_SECRET: '.repeat(90_000)}\n`,
    `name: a\nservices: { web: { run: a, "${'https://'.repeat(50_000)}": 1 } }`,
    `${'{a: '.repeat(900)}\n`.repeat(20),
    `name: a\nenv: {${Array.from({ length: 60_000 }, (_, index) => `A${index}: 1`).join(', ')}}`,
    `name: a\nservices:\n${Array.from({ length: 2000 }, (_, index) => `  s${index}: { run: a, depends_on: s${index + 1} }\n`).join('')}`,
    `name: a\n${Array.from({ length: 20_000 }, () => 'x: 1\n').join('')}`,
    `name: a\nservices: { web: { run: "${'$('.repeat(200_000)}" } }`,
    `name: a\nservices: { web: { run: "${"'a' ".repeat(100_000)}" } }`,
    `name: a\nenv: { A: "${'a://b:'.repeat(100_000)}" }\nservices: { web: { run: a, route: "${'a.'.repeat(100_000)}" } }`,
    `name: a\nbase: &a [1]\nall: [${'*a, '.repeat(100_000)}]`,
  ];
  for (const text of hostile) checkAnswer(text);
});
