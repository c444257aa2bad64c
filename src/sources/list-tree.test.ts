import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { staysInside } from './list-tree.ts';

const LINKS: readonly (readonly [path: string, target: string, isInside: boolean])[] = [
  ['a', 'b', true],
  ['a', './b/c', true],
  ['x/a', '../b', true],
  ['x/y/a', '../../b', true],
  ['x/a', '..', true],
  ['a', '.', true],
  ['a', '..', false],
  ['a', '../b', false],
  ['x/a', '../../b', false],
  ['a', '/etc/passwd', false],
  ['a', '', false],
  // Lexically inside, but where "b" is a link to the top this would be above it.
  ['x/a', 'b/../../secret', false],
  ['a', 'b/..', false],
];

describe('staysInside', () => {
  for (const [path, target, isInside] of LINKS) {
    it(`${isInside ? 'lets' : 'does not let'} a link at ${path} lead to "${target}"`, () => {
      assert.equal(staysInside(path, target), isInside);
    });
  }
});
