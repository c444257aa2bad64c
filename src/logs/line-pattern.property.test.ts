// Whatever a block holds and is asked for: one that was ruled out would have given no line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from './line-pattern.ts';
import { createRedactor } from './redactor.ts';
import { renderBlock } from './render-lines.ts';

const SECRET = 'hunter2-hunter2';

const PIECES = `error|err|or|secret|[|]|[secret]|${SECRET}|tt|oo| |\t|\r|\\|\n|\u001b[31m|\u001b|\u0007|\u0085|\u202e|\u200b|x07|u202e|07tt|rtt|é|漢字|http://ann:pass@host|@host|://|\ufffd|bytes left out|9,000|[9`;
const piece = fc.constantFrom(...PIECES.split('|'), '\n', 'tt'.repeat(9000));
const bytes = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece }, fc.constant(null)), { maxLength: 12 })
  // A byte that is no text.
  .map((pieces) => Buffer.concat(pieces.map((one) => (one === null ? Buffer.of(0xff) : Buffer.from(one)))));

const written = piece.filter((text) => text.length < 100);
const pattern = fc
  .array(
    fc.oneof(written.map(escaped), fc.constantFrom('.', '.*', '\\d', '^', '$', '|', '[a-z]', 'o+', 't?')),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(''));

function escaped(text: string): string {
  return text.replace(/[\\[\]().*+?^$|{}]/g, '\\$&');
}

test('a pattern rules out no block that has a line which matches once it is redacted and escaped', () => {
  const redactor = createRedactor();
  redactor.learn([SECRET]);
  let ruledOut = 0;
  fc.assert(
    fc.property(bytes, pattern, fc.nat({ max: 2 }), (content, text, omitted) => {
      const { rulesOut, keep } = compilePattern(text);
      const block = { offset: 0, bytes: content, omitted: content.includes(10) ? 0 : omitted };
      if (!rulesOut(block)) return;
      ruledOut += 1;
      assert.deepEqual(keep(renderBlock(block, redactor)), []);
    }),
    { numRuns: 3000 },
  );
  assert.ok(ruledOut > 100, `${ruledOut} were ruled out`);
});
