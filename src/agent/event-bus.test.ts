import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReeveEvent } from '../model/event.ts';
import { createEventBus } from './event-bus.ts';

const event = (n: number): ReeveEvent => ({
  event: 'lock.changed',
  at: n,
  stack: 'shop',
  owner: 'free',
  task: '',
});

const fails = (error: unknown): void => {
  throw error;
};

test('a stream gives the events published between its making and its first read', async () => {
  const bus = createEventBus(fails);
  const stream = bus.stream(new AbortController().signal);
  bus.publish(event(1));
  bus.publish(event(2));
  bus.close();
  const seen: number[] = [];
  for await (const { at } of stream) seen.push(at);
  assert.deepEqual(seen, [1, 2]);
});

test('a stream ends when its signal aborts while it waits', async () => {
  const bus = createEventBus(fails);
  const ending = new AbortController();
  const reading = (async () => {
    for await (const _ of bus.stream(ending.signal)) ending.abort();
  })();
  await Promise.resolve();
  bus.publish(event(1));
  await reading;
});

test('a stream keeps nothing that is published after its signal aborted', async () => {
  const bus = createEventBus(fails);
  const ending = new AbortController();
  const streams = [bus.stream(ending.signal)];
  bus.publish(event(1));
  ending.abort();
  streams.push(bus.stream(ending.signal));
  bus.publish(event(2));
  const seen: number[] = [];
  for (const stream of streams) for await (const { at } of stream) seen.push(at);
  assert.deepEqual(seen, [1]);
});

test('a stream that is too far behind ends after what it has', async () => {
  const bus = createEventBus(fails);
  const stream = bus.stream(new AbortController().signal, 2);
  for (let n = 1; n <= 5; n += 1) bus.publish(event(n));
  const seen: number[] = [];
  for await (const { at } of stream) seen.push(at);
  assert.deepEqual(seen, [1, 2]);
});

test('a listener that throws does not keep the event from the others', () => {
  const failures: unknown[] = [];
  const bus = createEventBus((error) => failures.push(error));
  const seen: number[] = [];
  bus.subscribe(() => {
    throw new Error('listener');
  });
  bus.subscribe(({ at }) => seen.push(at));
  bus.publish(event(7));
  assert.deepEqual(seen, [7]);
  assert.equal(failures.length, 1);
});
