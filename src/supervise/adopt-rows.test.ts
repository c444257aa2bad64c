import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, openSupervisionWorld, STACK } from '../../test/worlds/supervision-world.ts';

const WEB = [at(1), at(2)];

const openRunning = async (options: Parameters<typeof openSupervisionWorld>[0] = {}) => {
  const world = openSupervisionWorld(options);
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  await world.clock.advance(3000);
  world.events.length = 0;
  return world;
};

test('a new agent adopts what runs, with its pids, when the one before was killed', async () => {
  const world = await openRunning();
  const pids = world.pids();
  world.host.crashAgent();
  await world.clock.advance(60_000);
  await world.openAgent();
  await world.clock.advance(2000);
  assert.deepEqual(world.pids(), pids);
  assert.deepEqual(world.story('web-1-blue'), ['adopted', 'healthy']);
  assert.equal(world.status(at(1)).restarts, 0);
  assert.equal(world.host.events.filter(({ event }) => event === 'started').length, 2);
});

test('a new agent knows how an instance ended and starts it again when it ended while no agent ran', async () => {
  const world = await openRunning();
  world.host.crashAgent();
  world.host.kill({ stack: STACK, id: 'web-1-blue' }, 'SIGKILL');
  await world.clock.advance(10_000);
  await world.openAgent();
  await world.clock.advance(3000);
  assert.deepEqual(world.story('web-1-blue'), ['exited SIGKILL', 'started', 'starting', 'healthy']);
  assert.equal(world.status(at(1)).lastExit?.signal, 'SIGKILL');
  assert.equal(world.host.running().length, 2);
});

test('a new agent starts everything again when the host was rebooted', async () => {
  const world = await openRunning({ service: { restart: 'never' } });
  world.host.reboot();
  assert.deepEqual(world.host.running(), []);
  await world.openAgent();
  await world.clock.advance(1000);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue', 'shop/web-2-blue']);
  assert.deepEqual(world.story('web-1-blue').slice(0, 2), ['exited unseen', 'started']);
});

test('a new agent starts an instance when the one before died between its row and its start', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  void supervisor.start(STACK, 1, WEB);
  await Promise.resolve();
  world.host.crashAgent();
  const started = world.host.running();
  await world.openAgent();
  await world.clock.advance(1000);
  assert.deepEqual(started, []);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue', 'shop/web-2-blue']);
});

test('a new agent ends a stop when the one before died between the row and the end of the stop', async () => {
  const world = await openRunning({ programs: { node: { drainMs: 5000 } } });
  world.store.instances.remove(STACK, ['web-1-blue']);
  world.host.crashAgent();
  const supervisor = await world.openAgent();
  assert.deepEqual(
    supervisor.status(STACK).map(({ id }) => id),
    ['web-2-blue'],
  );
  await world.settled(supervisor.start(STACK, 2, [at(1)]));
  assert.deepEqual(
    world.host.facts(STACK).map(({ ref, fingerprint, state }) => [ref.id, fingerprint, state]),
    [
      ['web-2-blue', '1', 'running'],
      ['web-1-blue', '2', 'running'],
    ],
  );
  assert.deepEqual(world.failures, []);
});

test('a new agent stops what is not meant to run as its service wants to be stopped', async () => {
  const world = await openRunning({
    service: { stop: { signal: 'SIGINT', graceMs: 60_000 } },
    programs: { node: { drainMs: 30_000, ignores: ['SIGTERM'] } },
  });
  world.host.crashAgent();
  world.store.instances.remove(STACK, ['web-1-blue']);
  await world.openAgent();
  await world.clock.advance(25_000);
  assert.equal(world.host.running().length, 2, 'it has its time');
  await world.clock.advance(10_000);
  assert.deepEqual(world.host.running(), ['shop/web-2-blue']);
});

test('a new agent leaves the runs of jobs alone when nobody desires them', async () => {
  const world = await openRunning();
  const { spec } = world.describe(STACK, {
    ...at(1),
    release: 1,
    fingerprint: 'x',
    port: null,
    warmUntil: null,
  });
  world.host.start({ ...spec, id: 'job-12-migrate-1-blue' });
  await world.openAgent();
  await world.clock.advance(20_000);
  assert.ok(world.host.running().includes('shop/job-12-migrate-1-blue'));
});

test('a new agent stops nothing when it was started with another environment than the one before', async () => {
  const world = await openRunning();
  const pids = world.pids();
  const { describe } = world;
  world.describe = (stack, desired) => {
    const described = describe(stack, desired);
    return { ...described, spec: { ...described.spec, env: { PATH: '/opt/bin' }, fingerprint: 'another' } };
  };
  const supervisor = await world.openAgent();
  await world.clock.advance(3000);
  await world.settled(supervisor.start(STACK, 1, WEB));
  assert.deepEqual(world.pids(), pids);
  assert.deepEqual(world.story('web-1-blue'), ['adopted', 'healthy']);
});

test('a new agent leaves a running copy alone and says why when its release can not be read', async () => {
  const world = await openRunning();
  const { describe } = world;
  world.describe = (stack, desired) => {
    if (desired.slot === 1) throw new Error('release 1 has no environment');
    return describe(stack, desired);
  };
  const supervisor = await world.openAgent();
  await world.clock.advance(2000);
  assert.equal(world.host.running().length, 2);
  assert.equal(world.status(at(1)).words, 'can not be supervised: release 1 has no environment');
  assert.equal(world.status(at(2)).health, 'healthy');
  assert.equal(world.failures.length, 1);
  await world.settled(supervisor.stop(STACK, [at(1)]));
  assert.deepEqual(world.host.running(), ['shop/web-2-blue']);
});

test('a new agent restarts an adopted instance when it does not become healthy in time', async () => {
  const world = await openRunning();
  world.prober.script = () => ({ state: 'unhealthy', words: 'connection refused', cause: 'refused' });
  await world.openAgent();
  await world.clock.advance(9000);
  assert.equal(world.status(at(1)).restarts, 0);
  await world.clock.advance(2500);
  assert.equal(world.status(at(1)).restarts, 1);
});
