// What jobs have written, on a real disk: kept within what one log may have.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogChores, type LogChores } from '../../src/chores/keep-logs.ts';
import { jobLogPath, type Layout } from '../../src/model/layout.ts';
import type { LogBook } from '../../src/ports/log-book.ts';
import type { Store } from '../../src/ports/store.ts';
import { memoryStore } from '../worlds/memory-store.ts';
import { aPlan, aRelease, aStack } from '../worlds/release-builder.ts';

describe('the logs of jobs', () => {
  let layout: Layout;
  let store: Store;
  let chores: LogChores;
  const folder = (): string => dirname(jobLogPath(layout, 'shop', 1, 'any', 'out'));
  const write = (change: number, bytes: number): void =>
    writeFileSync(jobLogPath(layout, 'shop', change, 'build', 'out'), 'x'.repeat(bytes));

  beforeEach(() => {
    layout = { home: mkdtempSync(join(tmpdir(), 'reeve-jobs-')), socket: '' };
    store = memoryStore();
    const unused = {} as LogBook;
    chores = createLogChores({ store, logBook: unused, layout, now: () => 0 });
    const stack = aStack({ retention: { releases: 5, logBytes: 1_000, archiveBytes: 0 } });
    store.stacks.put({ name: 'shop', file: '', scale: {} });
    store.releases.insert(aRelease({ stack, state: 'current' }));
    mkdirSync(folder(), { recursive: true });
  });

  afterEach(() => {
    store.close();
    rmSync(layout.home, { recursive: true });
  });

  it('lose those of the oldest changes when they are more than one log may have', async () => {
    for (const change of [2, 9, 10, 11]) write(change, 400);
    await chores.retainJobs();
    assert.deepEqual(readdirSync(folder()).toSorted(), ['10-build.out', '11-build.out']);
  });

  it('keep what a change that is not over still writes', async () => {
    const { id } = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'ann', state: 'running', at: 1 });
    write(id, 400);
    write(id + 1, 900);
    await chores.retainJobs();
    assert.equal(readdirSync(folder()).length, 2);
  });

  it('are nothing to worry about when no job ever ran', async () => {
    rmSync(folder(), { recursive: true });
    await chores.retainJobs();
  });
});
