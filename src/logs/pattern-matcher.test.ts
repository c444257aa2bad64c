import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileMatcher, maskSpans } from './pattern-matcher.ts';

const plain = (text: string) => ({ text, slackBefore: 0, slackAfter: 0 }) as const;

describe('the pattern matcher', () => {
  it('finds what a search for each pattern by itself finds', () => {
    const word = (minLength: number) =>
      fc.string({ minLength, maxLength: 9, unit: fc.constantFrom('a', 'b', '\u0161') });
    fc.assert(
      fc.property(fc.array(word(4), { minLength: 1 }), fc.array(word(0)), (words, parts) => {
        const texts = [...new Set(words)];
        const text = [...parts, ...texts.slice(0, 2), ...parts].join('');
        const expected = texts.flatMap((each) => {
          const spans = [];
          for (let at = text.indexOf(each); at >= 0; at = text.indexOf(each, at + 1)) {
            spans.push(`${at}-${at + each.length}`);
          }
          return spans;
        });
        const found = compileMatcher(texts.map(plain))(text).map(({ from, to }) => `${from}-${to}`);
        assert.deepEqual(found.toSorted(), expected.toSorted());
      }),
    );
  });

  it('takes the neighbours in when they hold a part of the secret', () => {
    const matcher = compileMatcher([{ text: 'SECRET', slackBefore: 1, slackAfter: 1 }]);
    assert.deepEqual(matcher('xxSECRETyy'), [{ from: 1, to: 9 }]);
    assert.deepEqual(matcher(' SECRETy== '), [{ from: 1, to: 10 }]);
    assert.deepEqual(matcher('SECRET'), [{ from: 0, to: 6 }]);
  });

  it('refuses a pattern that could be anything', () => {
    assert.throws(() => compileMatcher([plain('abc')]), RangeError);
  });

  it('masks overlapping spans once, and touching ones each', () => {
    const spans = [
      { from: 4, to: 6 },
      { from: 0, to: 3 },
      { from: 2, to: 4 },
    ];
    assert.equal(maskSpans('abcdefg', spans, '*'), '**g');
  });
});
