import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ageMsOf, bootId, identify, isAlive, type ReadProc } from './process-identity.ts';

const stat = (state: string, startTicks: number): string =>
  `812 (a (b) c) ${state} 1 812 812 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 0 0 0`;

const CASES: readonly (readonly [what: string, found: ReturnType<ReadProc>, lives: boolean])[] = [
  ['it has the same start time', { text: stat('S', 4711) }, true],
  ['its pid names another process', { text: stat('S', 4712) }, false],
  ['it is a zombie', { text: stat('Z', 4711) }, false],
  ['it is gone', 'gone', false],
  ['/proc hides it', 'hidden', true],
];

describe('isAlive', () => {
  for (const [what, found, lives] of CASES) {
    it(`is ${lives} when ${what}`, () => {
      assert.equal(
        isAlive({ bootId: bootId(), pid: 812, startTicks: 4711 }, () => found),
        lives,
      );
    });
  }

  it('is false for a process of another boot, whatever has its pid now', () => {
    assert.equal(isAlive({ bootId: 'another', pid: process.pid, startTicks: 1 }), false);
  });
});

describe('ageMsOf', () => {
  it('is the time since a process began, whatever the clock says', () => {
    const age = ageMsOf(identify(process.pid))!;
    // Between a fork and the first line of Node lies what a busy host takes.
    assert.ok(Math.abs(age - process.uptime() * 1000) < 30_000, `${age}`);
  });

  it('is null for a process that does not live', () => {
    assert.equal(ageMsOf({ bootId: bootId(), pid: process.pid, startTicks: 1 }), null);
    assert.equal(ageMsOf(null), null);
  });
});
