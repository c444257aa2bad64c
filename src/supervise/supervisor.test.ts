import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../model/error.ts';
import { at, openSupervisionWorld, STACK, tcpHealth } from '../../test/worlds/supervision-world.ts';

const WEB = [at(1), at(2)];

test('supervisor writes the rows before it starts anything', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  const start = supervisor.start(STACK, 1, WEB);
  await Promise.resolve();
  assert.deepEqual(world.host.running(), []);
  assert.equal(world.store.instances.list(STACK).length, 2);
  await world.settled(start);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue', 'shop/web-2-blue']);
  const [row] = world.store.instances.list(STACK);
  assert.deepEqual([row?.fingerprint, row?.port, row?.release], ['web@1', 3001, 1]);
});

test('supervisor starts nothing again when it is asked for what runs', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  const pids = world.pids();
  await world.settled(supervisor.start(STACK, 1, WEB));
  assert.deepEqual(world.pids(), pids);
});

test('supervisor takes the whole batch back when one of it does not start', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  world.host.failNextStart(
    { code: 'run.program', words: 'no such file: ./hunter2' },
    { stack: STACK, id: 'web-2-blue' },
  );
  const error = await world.settled(supervisor.start(STACK, 1, WEB)).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Failure);
  assert.equal(error.report.code, 'instance.not-started');
  assert.equal(error.message, 'Cannot start "web" (web-2-blue): no such file: ./[secret]');
  assert.deepEqual(world.host.running(), []);
  assert.deepEqual(world.store.instances.list(STACK), []);
  assert.deepEqual(supervisor.status(STACK), []);
});

test('supervisor names the key of the stack file that keeps a program from starting', async () => {
  for (const [code, key] of [
    ['run.program', 'run'],
    ['run.user', 'user'],
    ['run.limits', 'limits'],
  ] as const) {
    const world = openSupervisionWorld();
    const supervisor = await world.openAgent();
    world.host.failNextStart({ code, words: 'can not' }, { stack: STACK, id: 'web-2-blue' });
    const error = await world.settled(supervisor.start(STACK, 1, WEB)).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Failure);
    assert.equal(error.report.fix, `correct services.web.${key} in the stack file`);
  }
});

test('supervisor takes the row off before it stops, and resolves when nothing is left', async () => {
  const world = openSupervisionWorld({ programs: { node: { drainMs: 2000, strays: 1 } } });
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  const stop = supervisor.stop(STACK, [at(1)]);
  await world.clock.advance(1000);
  assert.deepEqual(
    world.store.instances.list(STACK).map(({ slot }) => slot),
    [2],
  );
  assert.equal(world.status(at(1)).activity, 'stopping');
  await world.settled(stop);
  assert.deepEqual(world.host.running(), ['shop/web-2-blue']);
  assert.equal(world.host.strays(), 1);
  await world.settled(supervisor.stop(STACK, WEB));
  assert.equal(world.host.strays(), 0);
});

test('supervisor leaves the place off the list and says so when a stop fails, and stops it when asked again', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  world.host.loseAnswers('stop');
  const error = await world.settled(supervisor.stop(STACK, [at(1)])).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Failure);
  assert.equal(error.report.code, 'instance.not-stopped');
  await world.settled(supervisor.stop(STACK, [at(1)]));
  assert.deepEqual(supervisor.status(STACK), []);
});

test('supervisor runs calls for one place one after the other when they come at once', async () => {
  const world = openSupervisionWorld({ programs: { node: { drainMs: 500 } } });
  const supervisor = await world.openAgent();
  const calls = [
    supervisor.start(STACK, 1, [at(1)]),
    supervisor.stop(STACK, [at(1)]),
    supervisor.start(STACK, 1, [at(1)]),
    supervisor.stop(STACK, [at(1)]),
    supervisor.start(STACK, 2, [at(1)]),
  ];
  await world.settled(Promise.all(calls));
  const order = world.host.events.filter(({ event }) => event !== 'signalled').map(({ event }) => event);
  assert.deepEqual(order, ['started', 'ended', 'started', 'ended', 'started']);
  assert.equal(world.status(at(1)).release, 2);
});

test('supervisor replaces what sits in a place when another release is started there', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.settled(supervisor.start(STACK, 2, [at(1)]));
  assert.deepEqual(
    world.host.facts(STACK).map(({ fingerprint, state }) => [fingerprint, state]),
    [['2', 'running']],
  );
  assert.deepEqual(
    world.store.instances.list(STACK).map(({ release }) => release),
    [2],
  );
});

test('supervisor starts a replacement in the same instant when a steady instance is killed', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(32_000);
  const killedAt = world.clock.now();
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  await world.clock.advance(0);
  const started = world.host.events.findLast(({ event }) => event === 'started');
  assert.equal(started?.at, killedAt);
  await world.clock.advance(5000);
  assert.equal(world.status(at(1)).health, 'healthy');
  assert.equal(world.status(at(1)).restarts, 1);
  assert.deepEqual(world.status(at(1)).lastExit?.signal, 'SIGKILL');
});

test('supervisor never gives up and says crash-looping when an instance keeps exiting', async () => {
  const world = openSupervisionWorld({ programs: { node: { exitsAfterMs: 10, exitCode: 3 } } });
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(2000);
  assert.equal(world.status(at(1)).activity, 'waiting');
  await world.clock.advance(2500);
  const status = world.status(at(1));
  assert.equal(status.activity, 'crash-looping');
  assert.equal(status.words, 'exited with code 3');
  assert.ok(status.nextStartAt! > world.clock.now());
  await world.clock.advance(10 * 60_000);
  assert.ok(world.status(at(1)).restarts > 20);
  assert.equal(world.clock.pending > 0, true);
});

test('supervisor ends what is left of a run first when it is in the way of the next', async () => {
  const world = openSupervisionWorld({ programs: { node: { strays: 2 } } });
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  await world.clock.advance(3000);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue']);
  assert.equal(world.host.events.filter(({ event }) => event === 'killed-stray').length, 2);
});

test('supervisor restarts an instance when it stays unhealthy, with a back-off that grows', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(3000);
  world.prober.script = (_target, times) =>
    times % 8 < 4 ? {} : { state: 'unhealthy', words: 'out of luck' };
  await world.clock.advance(60_000);
  const story = world.story('web-1-blue');
  assert.deepEqual(story.slice(0, 8), [
    'started',
    'starting',
    'healthy',
    'unhealthy',
    'exited SIGTERM',
    'started',
    'starting',
    'healthy',
  ]);
  assert.ok(story.filter((word) => word === 'started').length < 10, story.join(' '));
});

test('supervisor restarts an instance when it uses more memory than it may', async () => {
  const world = openSupervisionWorld({
    programs: { node: { rssBytes: 612_000_000 } },
    service: { limits: { memoryBytes: 512_000_000, cpus: null, tasks: null } },
  });
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(2100);
  assert.equal(world.status(at(1)).words, 'used 612 MB of memory, limit 512 MB');
  assert.equal(world.status(at(1)).activity, 'waiting');
});

test('supervisor samples nothing when there is no limit and nobody looks', async () => {
  const world = openSupervisionWorld({ service: { health: tcpHealth({ probe: null }) } });
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(60_000);
  assert.equal(world.clock.pending, 0);
  await world.settled(supervisor.refreshUsage());
  const [status] = supervisor.status(STACK);
  assert.equal(status?.rssBytes, 10 << 20);
  assert.ok(Math.abs(status.cpuShare! - 0.01) < 0.001, `${status.cpuShare}`);
  await world.clock.advance(120_000);
  assert.equal(world.clock.pending, 0);
});

test('supervisor marks a place as warm in the store and leaves it running', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  const until = world.clock.now() + 5000;
  supervisor.setWarm(STACK, [at(1)], until);
  assert.deepEqual(
    world.store.instances.list(STACK).map(({ warmUntil }) => warmUntil),
    [until, null],
  );
  supervisor.setWarm(STACK, [at(1)], null);
  assert.deepEqual(
    world.store.instances.list(STACK).map(({ warmUntil }) => warmUntil),
    [null, null],
  );
  assert.equal(world.host.running().length, 2);
});

const DAY_MS = 86_400_000;

test('supervisor keeps copies warm for as long as was promised when the clock is set', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  const leftMs = (): (number | null)[] =>
    world.store.instances
      .list(STACK)
      .map(({ warmUntil }) => (warmUntil === null ? null : warmUntil - world.clock.now()));
  supervisor.setWarm(STACK, [at(1)], world.clock.now() + 60_000);
  for (const byMs of [DAY_MS, -2 * DAY_MS]) {
    world.clock.jump(byMs);
    supervisor.followClock();
    assert.deepEqual(leftMs(), [60_000, null], `set by ${byMs} ms`);
  }
  world.clock.jump(DAY_MS);
  supervisor.setWarm(STACK, [at(2)], world.clock.now() + 90_000);
  assert.deepEqual(leftMs(), [60_000, 90_000], 'nobody had looked since');
  await world.clock.advance(20_000);
  supervisor.followClock();
  assert.deepEqual(leftMs(), [40_000, 70_000]);
});

test('supervisor keeps no copy warm for longer than a stack can ask for when it comes to a clock set back', async () => {
  const world = openSupervisionWorld();
  const first = await world.openAgent();
  await world.settled(first.start(STACK, 1, WEB));
  first.setWarm(STACK, [at(1)], world.clock.now() + 60_000);
  first.close();
  world.clock.jump(-DAY_MS);
  const second = await world.openAgent();
  second.followClock();
  const [row] = world.store.instances.list(STACK);
  assert.equal(row!.warmUntil! - world.clock.now(), 600_000);
});

test('supervisor leaves no timer and stops nothing when it is closed', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, WEB));
  const gate = supervisor.passGate(STACK, at(1)).catch((error: unknown) => error);
  supervisor.close();
  const error = await gate;
  assert.ok(error instanceof Failure && error.report.code === 'supervision.closed');
  await world.clock.advance(1000);
  assert.equal(world.clock.pending, 0);
  assert.equal(world.host.running().length, 2);
});

test('supervisor counts only time that passed when the wall clock jumps', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  await world.clock.advance(3000);
  world.clock.jump(-3_600_000);
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  await world.clock.advance(1500);
  assert.equal(world.status(at(1)).activity, 'running');
  assert.equal(world.status(at(1)).restarts, 1);
});

test('supervisor keeps the rows and lets the next agent go on when it is closed during a start', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  const start = supervisor.start(STACK, 1, WEB).catch((error: unknown) => error);
  await Promise.resolve();
  supervisor.close();
  const error = await world.settled(start);
  assert.ok(error instanceof Failure && error.report.code === 'supervision.closed');
  assert.equal(world.store.instances.list(STACK).length, 2);
  await world.openAgent();
  await world.clock.advance(1000);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue', 'shop/web-2-blue']);
});

test('supervisor believes the news of an end when the driver can not confirm it', async () => {
  const world = openSupervisionWorld();
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  world.clock.jump(-3_600_000);
  world.host.loseAnswers('observe');
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  await world.clock.advance(2000);
  assert.equal(world.status(at(1)).restarts, 1);
  assert.deepEqual(world.host.running(), ['shop/web-1-blue']);
});
