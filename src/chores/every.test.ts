import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/worlds/fake-clock.ts';
import { every } from './every.ts';

test('a duty that goes on failing is reported once, and again after it went well or failed otherwise', async () => {
  const clock = new FakeClock();
  const troubles = ['full', 'full', null, 'full', 'full', 'gone'];
  const reported: string[] = [];
  let rounds = 0;
  const end = every(
    clock,
    1000,
    async () => {
      const trouble = troubles[rounds++] ?? null;
      if (trouble) throw new Error(trouble);
    },
    (error) => reported.push((error as Error).message),
  );
  await clock.advance(20_000);
  end();
  assert.ok(rounds > troubles.length, 'it came again');
  assert.deepEqual(reported, ['full', 'full', 'gone']);
});

test('a duty that was ended does not come again', async () => {
  const clock = new FakeClock();
  let rounds = 0;
  const end = every(clock, 1000, async () => void (rounds += 1), assert.fail as () => void);
  await clock.advance(1000);
  end();
  await clock.advance(10_000);
  assert.deepEqual([rounds, clock.pending], [1, 0]);
});
