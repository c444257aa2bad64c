// A program takes more memory than it may. Its end is told apart from others, it comes again as its policy says, and
// nobody else is touched.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Cgroups } from '../../src/drivers/embedded/cgroups.ts';
import { sharedFolder } from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import {
  errorOf,
  type Instance,
  mustSucceed,
  openStrained,
  type Strained,
} from '../worlds/strained-stage.ts';

const NAME = 'proof-memory';

// It grows while there is a file of its service's name in the shared folder; a release may be born so.
const GREEDY = `
import { existsSync, readFileSync } from 'node:fs';
const kept = [];
const wish = process.env.REEVE_SHARED + '/' + process.env.REEVE_SERVICE;
const isBornSo = readFileSync('born.txt', 'utf8') === process.env.REEVE_SERVICE;
console.log('up');
setInterval(() => (isBornSo || existsSync(wish)) && kept.push(Buffer.alloc(8 << 20, 1)), 20);
`;

const SERVICES = `
  greedy:
    run: $REEVE_NODE greedy.mjs
    limits: { memory: 128MB }
  meek:
    run: $REEVE_NODE greedy.mjs
    limits: { memory: 128MB }
    restart: never
`;

const whyNot = async (): Promise<string | false> => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-memory-'));
  const groups = await Cgroups.open(folder, '/bin/sh');
  const can = groups.can('memory');
  groups.close();
  rmSync(folder, { recursive: true });
  return can ? false : 'no control group with a memory controller here';
};

describe('a program at its memory limit', { skip: await whyNot(), concurrency: 1 }, () => {
  let strained: Strained;

  const one = async (service: string): Promise<Instance> =>
    (await strained.instances()).find((instance) => instance.service === service)!;
  const others = async (): Promise<readonly (number | null)[]> => [
    ...(await strained.pids('web')),
    ...(await strained.pids('frail')),
  ];
  const wish = (service: string): string => join(sharedFolder(strained.layout, NAME), service);
  const grow = (service: string): void => writeFileSync(wish(service), '');
  const rest = (): void => {
    for (const service of ['greedy', 'meek']) rmSync(wish(service), { force: true });
  };

  before(async () => {
    strained = await openStrained({
      name: NAME,
      services: SERVICES,
      files: { 'greedy.mjs': GREEDY, 'born.txt': 'nobody' },
    });
  });

  afterEach(async () => {
    rest();
    strained.assertUnnoticed();
    await strained.assertRecovered();
  });

  after(() => strained.close());

  test('is killed for memory, said so, and started again, while nobody else is touched', async () => {
    const { stage } = strained;
    const [before, { pid, restarts }] = [await others(), await one('greedy')];
    grow('greedy');
    const fallen = await eventually(
      'it is known why it fell',
      async () => {
        const now = await one('greedy');
        return now.lastExit?.ranOutOfMemory && now.activity === 'crash-looping' ? now : null;
      },
      30_000,
    );
    assert.equal(fallen.words, 'was killed for memory, its limit was reached');
    assert.ok(fallen.restarts > restarts && fallen.pid !== pid);
    assert.match((await mustSucceed(stage, 'status')).stdout, /was killed for memory, its limit was reached/);
    const doctor = await stage.reeve('doctor');
    assert.match(doctor.stdout, /its memory limit was reached/);
    rest();
    await eventually('it runs again', async () => (await one('greedy')).health === 'healthy', 30_000);
    assert.deepEqual(await others(), before, 'nobody else is touched');
  });

  test('stays down where its policy says never, and says why', async () => {
    const before = await others();
    grow('meek');
    const fallen = await eventually('it has ended', async () => {
      const now = await one('meek');
      return now.activity === 'ended' ? now : null;
    });
    assert.deepEqual(
      [fallen.words, fallen.health],
      ['was killed for memory, its limit was reached', 'unhealthy'],
    );
    assert.deepEqual(await others(), before);
  });

  test('is told apart also when there was no agent to see it', async () => {
    const { stage } = strained;
    const before = await others();
    const { pid } = await one('meek');
    await strained.killAgent();
    grow('meek');
    await eventually('it is gone', () => !isRunning(pid!));
    await mustSucceed(stage, 'agent', 'start');
    assert.equal((await one('meek')).words, 'was killed for memory, its limit was reached');
    assert.deepEqual(await others(), before);
  });

  test('keeps a release that outgrows it at birth from going live, with the limit named', async () => {
    const { stage } = strained;
    const before = await others();
    stage.write('born.txt', 'greedy');
    const ran = await stage.reeve('deploy', '--json');
    assert.equal(ran.exit, 1);
    const { message, fix } = errorOf(ran);
    assert.match(message, /Cannot start "greedy".*was killed for memory, its limit was reached/);
    assert.equal(fix, 'raise services.greedy.limits.memory, or see what of its work needs that much');
    assert.deepEqual(await others(), before, 'the release before goes on');
    stage.write('born.txt', 'nobody');
  });
});
