// What every clock promises (ports/clock.ts), tried on the host's own and on the virtual one.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { realClock } from '../../src/kit/real-clock.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { FakeClock } from '../worlds/fake-clock.ts';

const CLOCKS: readonly (readonly [name: string, open: () => Clock])[] = [
  ['the real clock', () => realClock],
  ['the fake clock', () => new FakeClock()],
];

for (const [name, open] of CLOCKS) {
  describe(name, () => {
    let clock: Clock;
    let isOpen: boolean;
    let passing: Promise<void>;

    beforeEach(() => {
      clock = open();
      isOpen = true;
      const pass = async (fake: FakeClock): Promise<void> => {
        while (isOpen) await fake.advance(1);
      };
      passing = clock instanceof FakeClock ? pass(clock) : Promise.resolve();
    });
    afterEach(async () => {
      isOpen = false;
      await passing;
    });

    it('runs timers in the order of their times, and in that of their making when those are equal', async () => {
      const order: string[] = [];
      await new Promise<void>((resolve) => {
        clock.timer(20, resolve);
        clock.timer(10, () => order.push('second'));
        clock.timer(5, () => order.push('first'));
        clock.timer(10, () => order.push('third'));
      });
      assert.deepEqual(order, ['first', 'second', 'third']);
    });

    it('does not run a timer that was cancelled, also more than once', async () => {
      const ran: string[] = [];
      const cancel = clock.timer(2, () => ran.push('cancelled'));
      cancel();
      cancel();
      await clock.sleep(10);
      assert.deepEqual(ran, []);
    });

    it('sleeps at least as long as it was told', async () => {
      const [monotonic, now] = [clock.monotonic(), clock.now()];
      await clock.sleep(10);
      // Timers of Node may come up to a millisecond early.
      assert.ok(clock.monotonic() - monotonic >= 9);
      assert.ok(clock.now() - now >= 9);
    });

    it('waits longer than a timer of Node can', async () => {
      const stop = new AbortController();
      const sixtyDays = 60 * 86_400_000;
      let isOver = false;
      const cancel = clock.timer(sixtyDays, () => (isOver = true));
      const sleeping = clock.sleep(sixtyDays, stop.signal).then(() => (isOver = true));
      await clock.sleep(10);
      stop.abort(new RangeError('enough'));
      cancel();
      await assert.rejects(sleeping, RangeError);
      assert.equal(isOver, false);
    });

    it('ends a sleep with the reason of its signal', async () => {
      const stop = new AbortController();
      const sleeping = clock.sleep(60_000, stop.signal);
      stop.abort(new RangeError('enough'));
      await assert.rejects(sleeping, RangeError);
      await assert.rejects(clock.sleep(1, stop.signal), RangeError);
    });
  });
}

describe('the fake clock alone', () => {
  it('stands still, and lets what a timer woke go on before the next one', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const work = async (): Promise<void> => {
      await clock.sleep(10);
      seen.push(clock.monotonic());
      await clock.sleep(10);
      seen.push(clock.monotonic());
    };
    const working = work();
    clock.timer(15, () => seen.push(clock.monotonic()));
    await clock.advance(30);
    await working;
    assert.deepEqual([seen, clock.monotonic(), clock.pending], [[10, 15, 20], 30, 0]);
  });

  it('runs until a condition holds, and throws when nothing is left that could make it hold', async () => {
    const clock = new FakeClock();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      if (ticks < 5) clock.timer(100, tick);
    };
    tick();
    await clock.runUntil(() => ticks === 3);
    assert.equal(clock.monotonic(), 200);
    await assert.rejects(
      clock.runUntil(() => ticks === 9),
      /nothing is due/,
    );
  });
});
