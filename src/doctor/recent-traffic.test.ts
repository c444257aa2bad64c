import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildUpstream } from '../../test/worlds/doctor-world.ts';
import { createTrafficMemory } from './recent-traffic.ts';

const MINUTE = 60_000;

describe('the memory of recent traffic', () => {
  const failedOf = (
    memory: ReturnType<typeof createTrafficMemory>,
    now: number,
    failed: number,
    requests = 100,
  ) => memory.recent('shop', now, [buildUpstream({ requests, failed })]).map((each) => each.failed);

  it('knows nothing when there is no earlier sample', () => {
    assert.deepEqual(failedOf(createTrafficMemory(), 0, 9), []);
  });

  it('counts what came since the earliest sample in its window', () => {
    const memory = createTrafficMemory(5 * MINUTE);
    memory.remember('shop', 0, [buildUpstream({ failed: 10 })]);
    memory.remember('shop', 4 * MINUTE, [buildUpstream({ failed: 12 })]);
    assert.deepEqual(failedOf(memory, 5 * MINUTE, 13), [3]);
    assert.deepEqual(failedOf(memory, 6 * MINUTE, 13), [1]);
    assert.deepEqual(failedOf(memory, 60 * MINUTE, 13), []);
  });

  it('starts from zero when the edge started again', () => {
    const memory = createTrafficMemory();
    memory.remember('shop', 0, [buildUpstream({ requests: 1000, failed: 10 })]);
    assert.deepEqual(failedOf(memory, MINUTE, 2, 5), [2]);
  });

  it('forgets a stack', () => {
    const memory = createTrafficMemory();
    memory.remember('shop', 0, [buildUpstream()]);
    memory.forget('shop');
    assert.deepEqual(failedOf(memory, MINUTE, 9), []);
  });
});
