import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReported } from '../model/error.ts';
import { staysInside, unreadable } from './list-tree.ts';

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

describe('unreadable', () => {
  const codeOf = (code: string): string | null => {
    const error = unreadable('/srv/a', Object.assign(new Error(code), { code }));
    return isReported(error) ? error.report.code : null;
  };

  it('tells what may not be read from what is gone, and leaves what the host lacks to others', () => {
    assert.deepEqual(['EACCES', 'EIO', 'ENOENT', 'ELOOP', 'ENOSPC', 'EMFILE'].map(codeOf), [
      'source.unreadable',
      'source.unreadable',
      'source.moved',
      'source.moved',
      null,
      null,
    ]);
  });
});
