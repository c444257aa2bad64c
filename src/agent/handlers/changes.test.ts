import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '../../../test/worlds/memory-store.ts';
import { aPlan } from '../../../test/worlds/release-builder.ts';
import type { ChangeDesk } from '../change-desk.ts';
import { createEventBus } from '../event-bus.ts';
import { changeHandlers } from './changes.ts';

const unused = async (): Promise<never> => assert.fail('nobody asked for this');
const desk: ChangeDesk = { plan: unused, submit: unused, cancel: unused };

test('following a change that has ended leaves no listener behind', async () => {
  const store = memoryStore();
  const { id } = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: 1 });
  store.journal.close(id, { state: 'done', at: 2, outcome: 'Done', error: null });
  const bus = createEventBus(() => assert.fail());
  const given: AbortSignal[] = [];
  const watched = {
    ...bus,
    stream: (signal: AbortSignal) => {
      given.push(signal);
      return bus.stream(signal);
    },
  };
  const handlers = changeHandlers(desk, store, watched);
  const { signal } = new AbortController();
  const lines = await handlers.followChange({ params: { id }, by: 'ann', signal, query: {}, body: {} });
  const seen: unknown[] = [];
  for await (const line of lines) seen.push(line);
  assert.equal(seen.length, 1);
  assert.deepEqual(
    given.map(({ aborted }) => aborted),
    [true],
  );
  store.close();
});
