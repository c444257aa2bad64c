import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Health } from '../model/stack.ts';
import { step } from './instance-machine.ts';
import { IDLE, type InstanceInput, type InstanceState } from './instance-state.ts';

const HEALTH: Health = {
  probe: { kind: 'tcp' },
  intervalMs: 1000,
  timeoutMs: 1000,
  passes: 2,
  failures: 2,
  settleMs: 0,
  withinMs: 5000,
  progressExtends: true,
};

// What the outside may say at any time. The driver's answers are not among them: it answers what it was asked, below.
const event = fc.oneof(
  fc
    .constantFrom<InstanceInput['input']>(
      'startAsked',
      'stopAsked',
      'backoffElapsed',
      'readinessElapsed',
      'gateOpened',
      'gateClosed',
      'watchOpened',
      'watchClosed',
      'probeWanted',
    )
    .map((input) => ({ input }) as InstanceInput),
  fc.record({
    input: fc.constant('exited' as const),
    exit: fc.record({
      code: fc.constantFrom(0, 1, null),
      signal: fc.constant(null),
      at: fc.integer({ min: 0, max: 2000 }),
    }),
    isCertain: fc.boolean(),
  }),
  fc.record({
    input: fc.constant('probeAnswered' as const),
    run: fc.integer({ min: 0, max: 5 }),
    answer: fc.record({
      state: fc.constantFrom(
        'healthy' as const,
        'unhealthy' as const,
        'degraded' as const,
        'starting' as const,
      ),
      words: fc.constant('words'),
      tookMs: fc.constant(1),
      progress: fc.constantFrom(null, 0.1, 0.9),
    }),
  }),
  fc.constant<InstanceInput>({ input: 'memoryExceeded', words: 'too much' }),
  fc.constantFrom('driver answers well' as const, 'driver fails' as const),
);

type Hands = { starts: number; stops: number; isStopped: boolean; launchedAfterStop: number };

const play = (events: readonly (InstanceInput | string)[], jitters: readonly number[]) => {
  let state: InstanceState = IDLE;
  const hands: Hands = { starts: 0, stops: 0, isStopped: false, launchedAfterStop: 0 };
  let worst = { starts: 0, both: 0, stops: 0 };
  const feed = (input: InstanceInput, at: number): void => {
    if (input.input === 'startAsked' && state.phase !== 'stopping') hands.isStopped = false;
    if (input.input === 'stopAsked') hands.isStopped = true;
    const moment = { at, now: at, jitter: jitters[at % jitters.length]! };
    const next = step(state, input, { health: HEALTH, restart: 'always' }, moment);
    state = next.state;
    for (const command of next.commands) {
      if (command.do === 'start-run') {
        hands.starts += 1;
        if (hands.isStopped) hands.launchedAfterStop += 1;
      }
      if (command.do === 'stop-run') hands.stops += 1;
    }
    worst = {
      starts: Math.max(worst.starts, hands.starts),
      stops: Math.max(worst.stops, hands.stops),
      both: Math.max(worst.both, Math.min(hands.starts, hands.stops)),
    };
  };
  const answerOf = (isGood: boolean, at: number): InstanceInput | null => {
    if (hands.starts > 0) {
      hands.starts -= 1;
      return isGood
        ? { input: 'started', pid: 1, startedAt: at, isAdopted: false, age: 0 }
        : { input: 'startFailed', code: 'x', words: 'x' };
    }
    if (hands.stops === 0) return null;
    hands.stops -= 1;
    return isGood ? { input: 'stopDone', exit: null } : { input: 'stopFailed', words: 'x' };
  };
  for (const [at, one] of events.entries()) {
    const input = typeof one === 'string' ? answerOf(one === 'driver answers well', at) : one;
    if (input) feed(input, at);
  }
  return { state, hands, worst, feed, answerOf };
};

const runs = fc.array(event, { maxLength: 80 });
const jitters = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 });

test('instance never has two starts, two stops, or a start and a stop outstanding, whatever happens', () => {
  fc.assert(
    fc.property(runs, jitters, (events, some) => {
      const { worst } = play(events, some);
      assert.ok(worst.starts <= 1 && worst.stops <= 1 && worst.both === 0, JSON.stringify(worst));
    }),
    { numRuns: 2000 },
  );
});

test('instance never starts after a stop until somebody asks for a start, whatever happens', () => {
  fc.assert(
    fc.property(runs, jitters, (events, some) => {
      assert.equal(play(events, some).hands.launchedAfterStop, 0);
    }),
    { numRuns: 2000 },
  );
});

test('instance comes to rest with nothing outstanding when it is stopped, whatever happened before', () => {
  fc.assert(
    fc.property(runs, jitters, (events, some) => {
      const game = play(events, some);
      game.feed({ input: 'stopAsked' }, 1000);
      for (let turn = 0; turn < 4; turn += 1) {
        const input = game.answerOf(true, 1001 + turn);
        if (input) game.feed(input, 1001 + turn);
      }
      assert.deepEqual([game.hands.starts, game.hands.stops], [0, 0]);
    }),
    { numRuns: 2000 },
  );
});
