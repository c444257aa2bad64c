import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '../../test/worlds/memory-store.ts';
import { aRelease, aStack } from '../../test/worlds/release-builder.ts';
import type { LogBook } from '../ports/log-book.ts';
import { createLogChores } from './keep-logs.ts';

const row = {
  service: 'web',
  slot: 1,
  seat: 'blue',
  fingerprint: 'f',
  port: null,
  warmUntil: null,
} as const;

const withLogs = (logBytes: number) => aStack({ retention: { releases: 5, logBytes, archiveBytes: 1 } });

const retained = async (store: ReturnType<typeof memoryStore>): Promise<readonly string[]> => {
  const calls: string[] = [];
  const logBook = {
    retain: async ({ instance, stream }, { logBytes }) => calls.push(`${instance}.${stream} ${logBytes}`) > 0,
  } as LogBook;
  const chores = createLogChores({ store, logBook, layout: { home: '/nowhere', socket: '' }, now: () => 0 });
  await chores.retain();
  return calls;
};

test('output is kept within what the live release says, also of a copy that an older one started', async () => {
  const store = memoryStore();
  store.releases.insert(aRelease({ id: 1, state: 'stable', stack: withLogs(100) }));
  store.releases.insert(aRelease({ id: 2, state: 'current', stack: withLogs(7) }));
  store.instances.put('shop', [{ ...row, release: 1 }]);
  assert.deepEqual(await retained(store), ['web-1-blue.out 7', 'web-1-blue.err 7']);
  store.close();
});

test('output of a first deploy is kept within what its release says before it is live', async () => {
  const store = memoryStore();
  store.releases.insert(aRelease({ id: 1, stack: withLogs(100) }));
  store.instances.put('shop', [{ ...row, release: 1 }]);
  assert.deepEqual(await retained(store), ['web-1-blue.out 100', 'web-1-blue.err 100']);
  store.close();
});
