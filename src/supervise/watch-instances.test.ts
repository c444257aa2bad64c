import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BakeOutcome } from '../ports/supervision.ts';
import { at, openSupervisionWorld, STACK, tcpHealth } from '../../test/worlds/supervision-world.ts';

type World = ReturnType<typeof openSupervisionWorld>;

const openHealthy = async (options: Parameters<typeof openSupervisionWorld>[0] = {}): Promise<World> => {
  const world = openSupervisionWorld(options);
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1), at(2)]));
  await world.settled(supervisor.passGate(STACK, at(1)));
  await world.settled(supervisor.passGate(STACK, at(2)));
  return world;
};

const watch = (world: World, isBad: () => Promise<string | null> = async () => null): Promise<BakeOutcome> =>
  world.supervisor.watch(STACK, [at(1), at(2)], { forMs: 10_000, isBad });

test('watch is good when nothing happens for its time', async () => {
  const world = await openHealthy();
  const before = world.clock.monotonic();
  assert.deepEqual(await world.settled(watch(world)), { outcome: 'good' });
  assert.equal(world.clock.monotonic() - before, 10_000);
});

test('watch is bad at once, with the last lines, when an instance exits', async () => {
  const world = await openHealthy();
  world.log.push({ instance: 'web-2-blue', stream: 'err', at: 0, text: 'out of luck', offset: 0 });
  const watched = watch(world);
  await world.clock.advance(2500);
  world.host.kill({ stack: STACK, id: 'web-2-blue' });
  const before = world.clock.monotonic();
  assert.deepEqual(await world.settled(watched), {
    outcome: 'bad',
    reason: '"web" (web-2-blue) was killed by SIGKILL',
    log: ['out of luck'],
  });
  assert.equal(world.clock.monotonic(), before);
});

test('watch is bad when an instance had exited before it began', async () => {
  const world = await openHealthy();
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  const outcome = await world.settled(watch(world));
  assert.equal(outcome.outcome, 'bad');
});

test('watch is bad when an instance stays unhealthy, though its interval is long', async () => {
  const world = await openHealthy({ service: { health: tcpHealth({ intervalMs: 30_000 }) } });
  const watched = watch(world);
  await world.clock.advance(100);
  world.prober.script = () => ({ state: 'unhealthy', words: '500, expected status 200' });
  const outcome = await world.settled(watched);
  assert.ok(outcome.outcome === 'bad');
  assert.match(outcome.reason, /3 bad answers in a row: 500, expected status 200$/);
});

test('watch is good when a bad answer passes', async () => {
  const world = await openHealthy();
  world.prober.script = (_target, times) => (times % 4 === 0 ? { state: 'unhealthy' } : {});
  assert.deepEqual(await world.settled(watch(world)), { outcome: 'good' });
});

test('watch waits for the answers of those that were adopted a moment before, when its time is shorter', async () => {
  const world = await openHealthy();
  world.host.crashAgent();
  await world.openAgent();
  const short = { forMs: 10, isBad: async () => null };
  const outcome = await world.settled(world.supervisor.watch(STACK, [at(1), at(2)], short));
  assert.deepEqual(outcome, { outcome: 'good' });
});

test('watch is bad when one that was adopted does not answer in the time it would have to become healthy', async () => {
  const world = await openHealthy({ service: { health: tcpHealth({ withinMs: 5000 }) } });
  world.host.crashAgent();
  world.prober.script = () => ({ state: 'unhealthy', words: 'connection refused' });
  await world.openAgent();
  const short = { forMs: 10, isBad: async () => null };
  const outcome = await world.settled(world.supervisor.watch(STACK, [at(1)], short));
  assert.equal(outcome.outcome, 'bad');
});

test('watch is bad with the words of the caller when the caller says so', async () => {
  const world = await openHealthy();
  let asked = 0;
  const outcome = await world.settled(
    watch(world, async () => (++asked < 4 ? null : '12% of 80 requests failed')),
  );
  assert.deepEqual(outcome, { outcome: 'bad', reason: '12% of 80 requests failed', log: [] });
  assert.equal(asked, 4);
});

test('watch rejects with the reason when it is aborted', async () => {
  const world = await openHealthy();
  const abort = new AbortController();
  const options = { forMs: 10_000, isBad: async () => null, signal: abort.signal };
  const ended = assert.rejects(world.supervisor.watch(STACK, [at(1)], options), /enough/);
  await world.clock.advance(500);
  abort.abort(new Error('enough'));
  await ended;
});
