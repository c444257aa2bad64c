import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, openSupervisionWorld, STACK } from '../../test/worlds/supervision-world.ts';
import type { Driver, StopOutcome } from '../ports/driver.ts';
import { RunBatch } from './run-batch.ts';

test('a stop that fails does not fail the others that were asked for with it', async () => {
  const calls: string[][] = [];
  const driver = {
    stop: async (requests) => {
      calls.push(requests.map(({ ref }) => ref.id));
      if (requests.some(({ ref }) => ref.id === 'stuck')) throw new Error('it hangs in the kernel');
      return requests.map(({ ref }): StopOutcome => ({ ref, outcome: 'exited', exit: null, strays: 0 }));
    },
  } as Pick<Driver, 'stop'> as Driver;
  const runs = new RunBatch(driver);
  const stop = (id: string) => runs.stop({ ref: { stack: 'shop', id }, signal: 'SIGTERM', graceMs: 1 });
  const [fine, stuck] = await Promise.allSettled([stop('fine'), stop('stuck')]);
  assert.equal(fine.status, 'fulfilled');
  assert.equal(stuck.status, 'rejected');
  assert.deepEqual(calls, [['fine', 'stuck'], ['fine'], ['stuck']]);
});

test('a program starts though what comes before a start has failed', async () => {
  const world = openSupervisionWorld();
  world.prepareStart = () => Promise.reject(new Error('the log could not be rotated'));
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  assert.deepEqual(world.host.running(), ['shop/web-1-blue']);
  assert.equal(world.failures.length, 1);
});
