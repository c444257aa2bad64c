// The disk of the state folder, of the releases or of the logs is full. What runs goes on, what is asked fails with a
// clear word or waits, and when there is room again everything goes on without help.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { logsFolder, releasesFolder } from '../../src/model/layout.ts';
import { cpuMsWithin, eventually, isRunning } from '../worlds/conditions.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../worlds/small-disk.ts';
import {
  assertAnswers,
  errorOf,
  mustSucceed,
  openStrained,
  type Strained,
} from '../worlds/strained-stage.ts';

const MEGABYTES = 32;
/** The logs are noted every second, and kept in bounds every five. */
const SPAN_MS = 6000;
const isSkipped = whyNoSmallDisk() ?? false;

describe('an agent whose state folder can grow no more', { skip: isSkipped, concurrency: 1 }, () => {
  let strained: Strained;
  let disk: SmallDisk;

  before(async () => {
    strained = await openStrained({
      name: 'proof-full',
      makeState: (home) => {
        disk = mountSmallDisk(home, MEGABYTES);
        return disk.unmount;
      },
    });
  });

  afterEach(async () => {
    disk.free();
    strained.assertUnnoticed();
    await strained.assertRecovered();
  });

  after(() => strained.close());

  for (const what of ['bytes', 'files'] as const) {
    test(`says so with the path when something is to be changed and there is no room for more ${what}`, async (t) => {
      const { stage, pids } = strained;
      const before = await pids();
      let refused = 0;
      for (const line of ['deploy --force', 'restart web', 'scale web=3', 'rollback']) {
        disk.fill(what);
        const ran = await stage.reeve(...line.split(' '), '--json');
        if (ran.exit === 0) {
          t.diagnostic(`${line}: done`);
          continue;
        }
        const { code, message } = errorOf(ran);
        t.diagnostic(`${line}: exit ${ran.exit}, ${code}: ${message}`);
        assert.equal(ran.exit, 1, line);
        assert.match(message, /no space is left on its disk/, code);
        assert.ok(message.includes(stage.env.REEVE_HOME!), message);
        refused += 1;
      }
      assert.ok(refused > 0, 'the disk was full');
      await assertAnswers(stage);
      assert.deepEqual(await pids(), before, 'what ran runs');
    });
  }

  test('stops a deploy where it is, and goes on with it when there is room again', async () => {
    const { stage } = strained;
    stage.write('gate.txt', 'midway');
    const deploy = stage.start('deploy');
    const { id } = await strained.changeAt('pass-gate');
    disk.fill('bytes');
    strained.openGate('midway');
    await eventually('the agent can not write its journal', () => /store\.full/.test(strained.agentLog()));
    assert.equal((await stage.client.call('showChange', { params: { id } })).state, 'running');
    disk.free();
    const ran = await deploy.ended;
    assert.equal(ran.exit, 0, ran.stderr);
    assert.equal((await stage.client.call('showChange', { params: { id } })).state, 'done');
  });

  test('starts a program that dies as soon as there is room again', async () => {
    const { pid } = await strained.frail();
    disk.fill('bytes');
    process.kill(pid!, 'SIGKILL');
    await eventually('its end is known', async () => (await strained.frail()).pid !== pid);
    disk.free();
    await runsAgain(strained, pid);
  });

  test('is followed by one that finds everything, and before there is room says why there is none', async () => {
    const { stage, pids } = strained;
    const before = await pids();
    disk.fill('bytes');
    await strained.killAgent();
    const refused = await stage.reeve('agent', 'start', '--json');
    const { message, why } = errorOf(refused);
    assert.equal(refused.exit, 1);
    assert.match(`${message} ${why}`, /no space is left on/);
    const gone = before.filter((pid) => !isRunning(pid!));
    assert.deepEqual(gone, [], 'what ran runs');
    disk.free();
    await mustSucceed(stage, 'agent', 'start');
    assert.deepEqual(await pids(), before);
  });
});

describe('an agent whose releases have no room', { skip: isSkipped, concurrency: 1 }, () => {
  const NAME = 'proof-releases';
  let strained: Strained;
  let disk: SmallDisk;
  let folder: string;
  const placed = (): readonly string[] => readdirSync(folder).filter((name) => name !== 'filler');

  before(async () => {
    strained = await openStrained({
      name: NAME,
      prepare: (layout) => {
        folder = releasesFolder(layout, NAME);
        disk = mountSmallDisk(folder, 8);
        return disk.unmount;
      },
    });
  });

  afterEach(async () => {
    disk.free();
    strained.assertUnnoticed();
    await strained.assertRecovered();
  });

  after(() => strained.close());

  for (const what of ['bytes', 'files'] as const) {
    test(`refuses a deploy that does not fit and leaves nothing of it when there is no room for more ${what}`, async () => {
      const { stage, pids } = strained;
      const [before, whole] = [await pids('web'), placed()];
      disk.fill(what);
      const ran = await stage.reeve('deploy', '--force', '--json');
      assert.equal(ran.exit, 1);
      const { code, message, notUndone } = errorOf(ran);
      assert.equal(code, 'release.disk-full');
      assert.match(message, /no space is left on its disk, space for a whole release is required/);
      assert.ok(message.includes(folder), message);
      assert.deepEqual(notUndone, []);
      assert.deepEqual(placed(), whole, 'nothing is half placed');
      await assertAnswers(stage);
      assert.match((await stage.reeve('doctor')).stdout, new RegExp(`The disk of "${folder}" has`));
      await mustSucceed(stage, 'restart', 'frail');
      assert.deepEqual(await pids('web'), before, 'what ran runs');
    });
  }

  test('refuses one that is larger than the disk, and deploys it when it is smaller', async () => {
    const { stage } = strained;
    const whole = placed();
    stage.write('large.bin', randomBytes(9 << 20).toString('latin1'));
    const ran = await stage.reeve('deploy', '--json');
    assert.deepEqual([ran.exit, errorOf(ran).code], [1, 'release.disk-full']);
    assert.deepEqual(placed(), whole, 'nothing is half placed');
    stage.remove('large.bin');
  });

  test('is followed by one that sweeps what was half placed when it is killed with the disk full', async () => {
    const { stage, pids } = strained;
    const before = await pids();
    stage.write('large.bin', Buffer.alloc(4 << 20).toString());
    disk.fill('bytes');
    const deploy = stage.start('deploy');
    await strained.killAgent();
    assert.deepEqual(
      before.filter((pid) => !isRunning(pid!)),
      [],
      'what ran runs',
    );
    await mustSucceed(stage, 'agent', 'start');
    await deploy.ended;
    assert.deepEqual(await pids(), before);
    disk.free();
    stage.remove('large.bin');
    await strained.assertRecovered();
    assert.deepEqual(
      placed().filter((name) => !/^\d+$/.test(name)),
      [],
      'nothing is half placed',
    );
  });
});

describe('an agent whose logs have no room', { skip: isSkipped, concurrency: 1 }, () => {
  const NAME = 'proof-logs';
  let strained: Strained;
  let disk: SmallDisk;

  before(async () => {
    strained = await openStrained({
      name: NAME,
      prepare: (layout) => {
        disk = mountSmallDisk(logsFolder(layout, NAME), 4);
        return disk.unmount;
      },
    });
  });

  afterEach(async () => {
    disk.free();
    strained.assertUnnoticed();
    await strained.assertRecovered();
  });

  after(() => strained.close());

  for (const what of ['bytes', 'files'] as const) {
    test(`goes on and stays at rest when there is no room for more ${what}, and so do the programs`, async () => {
      const { stage, pids } = strained;
      const [before, agent] = [await pids(), await stage.agentPid()];
      disk.fill(what);
      const said = strained.agentLog().length;
      const cpuMs = await cpuMsWithin(agent, SPAN_MS);
      assert.ok(cpuMs < SPAN_MS / 4, `it does not spin: ${cpuMs} ms`);
      const more = strained.agentLog().slice(said);
      assert.ok(more.split('\n').length < 20, `it does not fill its own log: ${more}`);
      await assertAnswers(stage);
      assert.deepEqual(await pids(), before, 'what ran runs');
      assert.equal(await stage.agentPid(), agent, 'the same agent');
    });
  }

  test('starts what dies all the same while its output has no room', async () => {
    const { pid } = await strained.frail();
    disk.fill('bytes');
    process.kill(pid!, 'SIGKILL');
    await eventually('it runs again', async () => {
      const now = await strained.frail();
      return now.pid !== null && now.pid !== pid;
    });
  });

  test('says so when a copy has no file for its output, and starts it when there is room again', async () => {
    const { stage, pids } = strained;
    const before = await pids();
    disk.fill('files');
    const ran = await stage.reeve('scale', 'web=4', '--json');
    assert.equal(ran.exit, 1);
    const { code, message } = errorOf(ran);
    assert.equal(code, 'instance.not-started');
    assert.match(message, /no space is left on its disk/);
    assert.ok(message.includes(logsFolder(strained.layout, NAME)), message);
    assert.deepEqual(await pids(), before, 'what ran runs');
    disk.free();
    await mustSucceed(stage, 'scale', 'web=4');
    await strained.assertWhole();
    await mustSucceed(stage, 'scale', 'web=2');
  });

  test('shows new lines again when there is room', async () => {
    const { stage } = strained;
    disk.fill('bytes');
    await assertAnswers(stage);
    disk.free();
    const freedAt = Date.now();
    await eventually(
      'new lines are shown',
      async () => {
        const { stdout } = await mustSucceed(stage, 'logs', 'web', '--tail', '1', '--json');
        return [...stdout.matchAll(/"at":(\d+)/g)].some(([, at]) => Number(at) > freedAt);
      },
      30_000,
    );
  });

  test('is followed by one that adopts everything when it is killed with its log folder full', async () => {
    const { stage, pids } = strained;
    const before = await pids();
    disk.fill('bytes');
    await strained.killAgent();
    await mustSucceed(stage, 'agent', 'start');
    assert.deepEqual(await pids(), before);
    await assertAnswers(stage);
    await strained.assertWhole();
  });
});

const runsAgain = async (strained: Strained, pid: number | null): Promise<void> => {
  const again = await eventually(
    'it runs again',
    async () => {
      const now = await strained.frail();
      return now.health === 'healthy' && now.pid !== pid ? now : null;
    },
    30_000,
  );
  assert.ok(isRunning(again.pid!));
};
