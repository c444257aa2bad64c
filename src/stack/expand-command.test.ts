import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../model/error.ts';
import { expandCommand, findUnsetVariables } from './expand-command.ts';

const env = { PORT: '3000', WORDS: 'a b', DOLLAR: '$PORT' };
const expand = (...argv: string[]): readonly string[] => expandCommand({ argv, shell: false }, env).argv;

test('expandCommand puts in variables, in the program too', () => {
  assert.deepEqual(expand('$WORDS/x', '--port=${PORT}', '$PORT$PORT', 'plain'), [
    'a b/x',
    '--port=3000',
    '30003000',
    'plain',
  ]);
});

test('expandCommand makes one dollar of two, and never expands a value again', () => {
  assert.deepEqual(expand('$$PORT', '$$$PORT', '$DOLLAR'), ['$PORT', '$3000', '$PORT']);
});

test('expandCommand leaves a command for the shell as it is', () => {
  const command = { argv: ['echo $PORT $NONE $$'], shell: true };
  assert.equal(expandCommand(command, env), command);
  assert.deepEqual(findUnsetVariables(command, env), []);
});

test('expandCommand refuses when a variable is not set', () => {
  assert.throws(
    () => expand('node', '$NONE'),
    (error: unknown) =>
      error instanceof Refusal &&
      error.report.code === 'command.unset-variable' &&
      /\$NONE/.test(error.message),
  );
});

test('findUnsetVariables names each missing variable once', () => {
  const command = { argv: ['$A', '${B} $A', '$PORT', '$$C', '$toString'], shell: false };
  assert.deepEqual(findUnsetVariables(command, env), ['A', 'B', 'toString']);
});
