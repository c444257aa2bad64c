import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterFailure, type Backoff, isCrashLooping, NO_FAILURE, STEADY_MS } from './backoff.ts';

const delaysOf = (healthyMs: readonly number[], jitter = 0): number[] => {
  let backoff: Backoff = NO_FAILURE;
  return healthyMs.map((ms) => {
    const next = afterFailure(backoff, ms, jitter);
    backoff = next.backoff;
    return next.delayMs;
  });
};

test('back-off doubles from half a second to thirty and stays there when every run fails', () => {
  const delays = delaysOf(Array.from({ length: 10 }, () => 0));
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
});

test('back-off is nothing when the run was healthy for thirty seconds, and begins again after it', () => {
  assert.deepEqual(delaysOf([0, 0, STEADY_MS, 0, 0, STEADY_MS - 1]), [500, 1000, 0, 500, 1000, 2000]);
});

test('back-off takes off at most a fifth when it is jittered', () => {
  assert.deepEqual(delaysOf([0, 0], 0.5), [450, 900]);
  assert.deepEqual(delaysOf([0, 0], 0.9999), [400, 800]);
});

test('back-off neither overflows nor gives up when a run fails ten thousand times', () => {
  assert.equal(delaysOf(Array.from({ length: 10_000 }, () => 0)).at(-1), 30_000);
});

test('back-off calls it crash-looping from the fourth failure in a row on', () => {
  let backoff: Backoff = NO_FAILURE;
  const loud: boolean[] = [];
  for (const healthyMs of [0, 0, 0, 0, 0, STEADY_MS]) {
    backoff = afterFailure(backoff, healthyMs, 0).backoff;
    loud.push(isCrashLooping(backoff));
  }
  assert.deepEqual(loud, [false, false, false, true, true, false]);
});
