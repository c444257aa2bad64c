import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../model/error.ts';
import { FakeClock } from '../../../test/worlds/fake-clock.ts';
import { endTree } from './end-tree.ts';
import type { House } from './house.ts';
import type { ProcessRow } from './process-table.ts';
import type { Run } from './run.ts';

// No such pid can exist: signals to it do nothing, as to a process that hangs in the kernel.
const HANGING: ProcessRow = {
  pid: 2 ** 30,
  parent: 1,
  group: 2 ** 30,
  session: 2 ** 30,
  startTicks: 1,
  cpuTicks: 0,
  rssPages: 1,
};

const world = (trees: readonly (readonly ProcessRow[])[]) => {
  const clock = new FakeClock();
  let asked = 0;
  const run = {
    isRunning: false,
    process: null,
    record: { id: 'web-1-blue', cgroup: {} },
    until: async () => true,
    check: () => {},
    tree: async () => trees[Math.min(asked++, trees.length - 1)],
  } as unknown as Run;
  return { clock, run, house: { clock, log: () => {} } as unknown as House };
};

describe('endTree', () => {
  it('fails with run.not-gone when a process does not go for SIGKILL within 30 s', async () => {
    const { clock, run, house } = world([[HANGING]]);
    const ending = assert.rejects(
      endTree(run, house),
      (error) =>
        error instanceof Failure &&
        error.report.code === 'run.not-gone' &&
        /"web-1-blue"/.test(error.message),
    );
    await clock.advance(31_000);
    await ending;
  });

  it('looks again until nothing is left, and counts each process once', async () => {
    const late = { ...HANGING, pid: 2 ** 30 + 1 };
    const { clock, run, house } = world([[HANGING], [HANGING, late], []]);
    const ending = endTree(run, house);
    await clock.advance(1000);
    assert.deepEqual(await ending, { killed: true, strays: 2 });
  });

  it('kills nothing when nothing is left', async () => {
    const { run, house } = world([[]]);
    assert.deepEqual(await endTree(run, house), { killed: false, strays: 0 });
  });
});
