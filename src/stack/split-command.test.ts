import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findBadVariables, splitCommand } from './split-command.ts';

const words = (line: string): readonly string[] => splitCommand(line).words;
const faults = (line: string): readonly string[] =>
  splitCommand(line).faults.map(({ fault, offset, token }) => `${fault} ${token} ${offset}`);

test('splitCommand splits at blanks when nothing is quoted', () => {
  assert.deepEqual(words('node server.js'), ['node', 'server.js']);
  assert.deepEqual(words('  node \t server.js  '), ['node', 'server.js']);
});

test('splitCommand keeps quoted words together', () => {
  assert.deepEqual(words(`a 'b c' "d e" f' 'g "" h\\ i`), ['a', 'b c', 'd e', 'f g', '', 'h i']);
  assert.deepEqual(words(`say "it's \\"so\\" \\n"`), ['say', `it's "so" \\n`]);
});

test('splitCommand leaves variables for the start, and makes a dollar literal where quoting did', () => {
  assert.deepEqual(words(`run $PORT \${PORT} "$PORT" '$PORT' \\$PORT $$PORT`), [
    'run',
    '$PORT',
    '${PORT}',
    '$PORT',
    '$$PORT',
    '$$PORT',
    '$$PORT',
  ]);
  assert.deepEqual(faults(`run $PORT '$(x)' $$5`), []);
});

test('splitCommand finds what only a shell can do, and where', () => {
  assert.deepEqual(faults('a | b'), ['shell-syntax | 2']);
  assert.deepEqual(faults('a && b || c; d'), ['shell-syntax && 2', 'shell-syntax || 7', 'shell-syntax ; 11']);
  assert.deepEqual(faults('a >b 2>>c <d'), ['shell-syntax > 2', 'shell-syntax >> 6', 'shell-syntax < 10']);
  assert.deepEqual(faults('ls *.js'), ['shell-syntax * 3']);
  assert.deepEqual(faults('ls ~/x a~b'), ['shell-syntax ~ 3']);
  assert.deepEqual(faults('echo `date` "`date`"'), [
    'shell-syntax ` 5',
    'shell-syntax ` 10',
    'shell-syntax ` 13',
  ]);
  assert.deepEqual(faults('a\nb'), ['shell-syntax \n 1']);
  assert.deepEqual(faults('cd x'), ['builtin cd 0']);
  assert.deepEqual(faults(' A=b c'), ['assignment A 1']);
  assert.deepEqual(faults('echo $(date) ${A:-b} $1 5$'), [
    'bad-variable $(date) 5',
    'bad-variable ${A:-b} 13',
    'bad-variable $1 21',
    'bad-variable $ 25',
  ]);
});

test('splitCommand takes the same signs as text when they are quoted', () => {
  assert.deepEqual(faults(`a '|' "&&" \\; '*' "~" x#y '$(x)'`), []);
  assert.deepEqual(words(`grep -E 'a|b$' "x;y"`), ['grep', '-E', 'a|b$$', 'x;y']);
});

test('splitCommand says which quote is never closed', () => {
  assert.deepEqual(faults(`a 'b`), ["unclosed ' 2"]);
  assert.deepEqual(faults(`a "b 'c'`), ['unclosed " 2']);
  assert.deepEqual(faults('a b\\'), ['unclosed \\ 3']);
});

test('splitCommand says so when there is no program', () => {
  assert.deepEqual(faults(''), ['empty  0']);
  assert.deepEqual(faults(`'' x`), ['empty  0']);
});

test('findBadVariables accepts variables and doubled dollars only', () => {
  assert.deepEqual(findBadVariables('$A ${A_1} $$ x'), []);
  assert.deepEqual(
    findBadVariables('a $').map(({ offset }) => offset),
    [2],
  );
});

test('splitCommand gives back any words that were quoted for it', () => {
  const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (list) => {
      const line = ['program', ...list.map(quoted)].join(' ');
      assert.deepEqual(words(line), ['program', ...list.map((word) => word.replaceAll('$', '$$$$'))]);
      assert.deepEqual(faults(line), []);
    }),
  );
});

test('splitCommand ends on every text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...`ab $\\'"\`|&;<>(){}*~#=\n`.split('')), maxLength: 60 }),
      (line) => {
        for (const { offset } of splitCommand(line).faults) assert.ok(offset >= 0 && offset <= line.length);
      },
    ),
  );
});
