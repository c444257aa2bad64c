import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDotenv } from './parse-dotenv.ts';

const GOOD: readonly (readonly [what: string, text: string, values: Record<string, string>])[] = [
  ['a plain value', 'A=1', { A: '1' }],
  ['nothing after the equals sign', 'A=\nB= \n', { A: '', B: '' }],
  ['blanks around the parts', '  A =  one two \t\n', { A: 'one two' }],
  ['export before the name', 'export A=1\nexport\tB=2', { A: '1', B: '2' }],
  ['a variable that is called export', 'export=1', { export: '1' }],
  [
    'comments and empty lines',
    '# first\n\n  # indented\nA=1 # one\nB=a#b\nC=#c\nD= # d\n',
    { A: '1', B: 'a#b', C: '#c', D: '' },
  ],
  ['CRLF and a byte order mark', '\uFEFFA=1\r\nB="x\r\ny"\r\n', { A: '1', B: 'x\ny' }],
  ['single quotes as they are', 'A=\'a\\n $B "q" # no comment\'', { A: 'a\\n $B "q" # no comment' }],
  ['escapes in double quotes', 'A="l1\\nl2\\t\\"q\\" \\\\ \\$B \\x"', { A: 'l1\nl2\t"q" \\ $B \\x' }],
  [
    'several lines in quotes',
    'A="one\ntwo"\nB=\'three\nfour\' # end\nC=5',
    { A: 'one\ntwo', B: 'three\nfour', C: '5' },
  ],
  ['equals signs and URLs in a value', 'A=postgres://u:p@h/db?x=y=z', { A: 'postgres://u:p@h/db?x=y=z' }],
  ['quotes within a bare value', 'A=it\'s "fine"', { A: 'it\'s "fine"' }],
  ['no expansion', 'A=1\nB=$A ${A} $(date)', { A: '1', B: '$A ${A} $(date)' }],
  ['the last of a name that comes twice', 'A=1\nA=2', { A: '2' }],
  ['names with dots and dashes', 'spring.main-x=1', { 'spring.main-x': '1' }],
  [
    'names that objects have already',
    '__proto__=1\nconstructor=2',
    Object.fromEntries([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]),
  ],
  ['an empty file', '', {}],
];

const BAD: readonly (readonly [what: string, text: string, places: readonly string[]])[] = [
  ['a line without an equals sign', 'A=1\nnonsense\n', ['2:9 no "=" after "nonsense"']],
  ['a long word alone, without showing it', 'abcdefghijklmnopqrstuvwxyz', ['1:27 no "=" after "abcd…"']],
  ['a name that begins with a digit', '  1A=2', ['1:3 no name of a variable begins here']],
  ['a quote that is not closed', 'A=1\nB="two', ['2:3 the quote " is not closed']],
  ['text after the closing quote', "A='x' y", ['1:7 text after the closing quote']],
  ['backticks', 'A=`date`', ['1:3 a value in backticks']],
  ['a NUL', 'A=a\0b', ['1:3 the value of "A" has a NUL']],
  [
    'every bad line',
    '=1\nA=1\n?\nB',
    [
      '1:1 no name of a variable begins here',
      '3:1 no name of a variable begins here',
      '4:2 no "=" after "B"',
    ],
  ],
];

describe('parseDotenv', () => {
  for (const [what, text, values] of GOOD) {
    it(`reads ${what}`, () => {
      const found = parseDotenv(text);
      assert.deepEqual(found.values, values);
      assert.deepEqual(found.complaints, []);
    });
  }

  for (const [what, text, places] of BAD) {
    it(`tells the place when there is ${what}`, () => {
      const found = parseDotenv(text).complaints.map((it) => `${it.line}:${it.column} ${it.message}`);
      assert.deepEqual(found, places);
    });
  }

  it('reads what it can and ends, with every complaint at a place within the text, when the text is anything', () => {
    const pieces = fc.array(
      fc.constantFrom('A', '=', '"', "'", '`', '\\', '\n', '\r\n', ' ', '#', 'export ', '\0', 'é', '$'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((it) => it.join('')),
        ),
        (text) => {
          const { complaints } = parseDotenv(text);
          const lines = text
            .replace(/^\uFEFF/, '')
            .replaceAll('\r\n', '\n')
            .split('\n');
          for (const { line, column } of complaints) {
            assert.ok(
              line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1,
            );
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives any value back when it is written in double quotes with its escapes', () => {
    fc.assert(
      fc.property(
        fc.string().filter((it) => !it.includes('\0')),
        (value) => {
          const escaped = value
            .replace(/[\\"$]/g, '\\$&')
            .replaceAll('\n', '\\n')
            .replaceAll('\r', '\\r');
          assert.deepEqual(parseDotenv(`A="${escaped}"\nB=2`).values, { A: value, B: '2' });
        },
      ),
    );
  });
});
