import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileIgnore } from './ignore-pattern.ts';

const CASES: readonly (readonly [patterns: string[], ignored: string[], kept: string[]])[] = [
  [[], [], ['a']],
  [['# a', '', '  '], [], ['a', '# a']],
  [['*.log'], ['a.log', 'x/y/b.log'], ['a.logs', 'log']],
  [['/dist'], ['dist', 'dist/a'], ['x/dist', 'dists']],
  [['dist/'], ['dist/a', 'x/dist/b'], ['dist', 'x/dist']],
  [['a/b'], ['a/b', 'a/b/c'], ['x/a/b', 'ab']],
  [['**/tmp'], ['tmp', 'x/tmp', 'x/y/tmp'], ['tmpx']],
  [['tmp/**'], ['tmp/a', 'tmp/a/b'], ['tmp']],
  [['a/**/z'], ['a/z', 'a/b/z', 'a/b/c/z'], ['z', 'az']],
  [
    ['a?c', 'x[0-9]', 'y[!a-c]'],
    ['abc', 'x5', 'yd'],
    ['ac', 'a/c', 'xa', 'ya'],
  ],
  [['*.env', '!public.env'], ['a.env'], ['public.env', 'x/public.env']],
  [['build/', '!build/keep'], ['build/keep'], []],
  [
    ['\\#a', '\\!b', 'c\\ '],
    ['#a', '!b', 'c '],
    ['a', 'b', 'c'],
  ],
  [['a.b+c(d)'], ['a.b+c(d)'], ['axb+c(d)', 'a.bbcd']],
];

describe('compileIgnore', () => {
  for (const [patterns, ignored, kept] of CASES) {
    it(`leaves out what a .gitignore of ${JSON.stringify(patterns)} would`, () => {
      const ignore = compileIgnore(patterns);
      for (const path of ignored) assert.equal(ignore(path, false), true, path);
      for (const path of kept) assert.equal(ignore(path, false), false, path);
    });
  }

  it('leaves out a folder by a pattern that is for folders only', () => {
    assert.equal(compileIgnore(['dist/'])('dist', true), true);
  });
});
