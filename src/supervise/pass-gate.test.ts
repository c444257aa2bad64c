import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorReport, Failure } from '../model/error.ts';
import type { GateOutcome } from '../ports/supervision.ts';
import { at, openSupervisionWorld, STACK, tcpHealth } from '../../test/worlds/supervision-world.ts';

const HTTP = { kind: 'http', path: '/up', expectStatus: 200, host: null } as const;
const REFUSED = { state: 'unhealthy', words: 'connection refused on port 3001', cause: 'refused' } as const;

type World = ReturnType<typeof openSupervisionWorld>;

const openGate = async (options: Parameters<typeof openSupervisionWorld>[0]): Promise<World> => {
  const world = openSupervisionWorld(options);
  const supervisor = await world.openAgent();
  await world.settled(supervisor.start(STACK, 1, [at(1)]));
  return world;
};

const pass = (world: World): Promise<GateOutcome> => world.settled(world.supervisor.passGate(STACK, at(1)));

const refusal = async (
  options: Parameters<typeof openSupervisionWorld>[0],
): Promise<ErrorReport & Pick<World, 'clock' | 'host' | 'status'>> => {
  const world = await openGate(options);
  const outcome = await pass(world);
  assert.equal(outcome.outcome, 'refused');
  const { clock, host, status } = world;
  return { clock, host, status, ...outcome.report };
};

test('gate passes a settle time after the first good answer when every answer is good', async () => {
  const world = await openGate({
    service: { health: tcpHealth({ settleMs: 2000, intervalMs: 30_000 }) },
    probe: (_target, times) => (times < 4 ? REFUSED : {}),
  });
  const outcome = await pass(world);
  assert.equal(outcome.outcome, 'passed');
  // Three refusals at 50, 300 and 602 ms, good from about 900 ms on.
  assert.ok(outcome.tookMs > 2800 && outcome.tookMs < 3100, `${outcome.tookMs}`);
});

test('gate passes a settle time after the start when nothing probes the service', async () => {
  const world = await openGate({ service: { health: tcpHealth({ probe: null, settleMs: 700 }) } });
  assert.deepEqual(await pass(world), { outcome: 'passed', tookMs: 700 });
});

test('gate passes at once when the instance has been good for long', async () => {
  const world = await openGate({});
  await world.clock.advance(10_000);
  assert.deepEqual(await pass(world), { outcome: 'passed', tookMs: 0 });
});

test('gate counts the settle time from the last bad answer when the instance falters', async () => {
  const world = await openGate({
    service: { health: tcpHealth({ settleMs: 1000 }) },
    probe: (_target, times) => (times === 3 ? REFUSED : {}),
  });
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'passed' && outcome.tookMs > 1500, JSON.stringify(outcome));
});

test('gate refuses as never ready when nothing listens', async () => {
  const report = await refusal({ service: { health: tcpHealth({ probe: HTTP }) }, probe: () => REFUSED });
  assert.equal(report.code, 'gate.never-ready');
  assert.equal(report.message, 'Cannot start "web": no answer on /up within 10 s, expected status 200');
  assert.equal(report.why, 'the process runs, but nothing listens on port 3001');
  assert.match(report.fix ?? '', /\$PORT/);
  assert.match(
    report.transcript?.[0] ?? '',
    /^\+5\d ms {2}connection refused on port 3001 \(\d+ times, until \+9\./,
  );
});

test('gate names the port when the process listens on another', async () => {
  const world = await openGate({ service: { health: tcpHealth({ probe: HTTP }) }, probe: () => REFUSED });
  world.listening.push({ address: '127.0.0.1', port: 8080 });
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.code, 'gate.wrong-port');
  assert.equal(outcome.report.why, 'the process listens on 127.0.0.1:8080, and not on 127.0.0.1:3001');
  assert.equal(
    outcome.report.fix,
    'make it listen on $PORT (3001), or set services.web.port to the port it takes',
  );
});

test('gate names the address when the process listens where nobody asks', async () => {
  const world = await openGate({ service: { health: tcpHealth({ probe: HTTP }) }, probe: () => REFUSED });
  world.listening.push({ address: '[::1]', port: 3001 });
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.fix, 'make it listen on 127.0.0.1 or 0.0.0.0');
});

test('gate tells the answer when it is the wrong one', async () => {
  const words = '301 to https://shop.test/up, expected status 200';
  const report = await refusal({
    service: { health: tcpHealth({ probe: HTTP }) },
    probe: () => ({ state: 'unhealthy', words, cause: 'wrong-answer' }),
  });
  assert.equal(report.message, `Cannot start "web": /up answered ${words}`);
});

test('gate refuses with its words when the instance stays degraded', async () => {
  const report = await refusal({
    probe: () => ({ state: 'degraded', words: 'loading weights 412/1,100 MB' }),
  });
  assert.equal(report.code, 'gate.degraded');
  assert.match(report.why ?? '', /loading weights 412\/1,100 MB$/);
});

test('gate refuses at once with the exit code and does not restart when the instance exits', async () => {
  const report = await refusal({
    programs: { node: { exitsAfterMs: 700, exitCode: 3 } },
    probe: () => REFUSED,
  });
  assert.equal(report.code, 'gate.exited');
  assert.equal(
    report.message,
    'Cannot start "web": it exited with code 3 before it was ready, it has to keep running',
  );
  assert.match(report.why ?? '', /^the process exited with code 3 70\d ms after its start$/);
  await report.clock.advance(60_000);
  assert.equal(report.host.events.filter(({ event }) => event === 'started').length, 1);
  assert.equal(report.status(at(1)).activity, 'ended');
});

test('gate refuses at once when the instance had exited before the gate began to watch', async () => {
  const world = await openGate({ programs: { node: { exitsAfterMs: 1, exitCode: 127 } } });
  await world.clock.advance(100);
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.code, 'gate.exited');
  assert.equal(outcome.report.fix, 'correct services.web.run: its command was not found');
});

test('gate refuses when the instance was ready and dies while it settles', async () => {
  const report = await refusal({ programs: { node: { exitsAfterMs: 700, exitCode: 9 } } });
  assert.equal(report.code, 'gate.died-after-ready');
  assert.match(
    report.message,
    /it was ready and then exited with code 9, it has to stay healthy for 1\.0 s$/,
  );
});

test('gate waits longer when progress moves and the service says that it may', async () => {
  const progressing = (times: number) => ({ state: 'starting', progress: times / 100 }) as const;
  const options = (progressExtends: boolean) => ({
    service: { health: tcpHealth({ withinMs: 3000, settleMs: 0, progressExtends }) },
    probe: (_target: unknown, times: number) => (times < 40 ? progressing(times) : {}),
  });
  const outcome = await pass(await openGate(options(true)));
  assert.ok(outcome.outcome === 'passed' && outcome.tookMs > 20_000, JSON.stringify(outcome));
  assert.equal((await refusal(options(false))).code, 'gate.never-ready');
});

test('gate brings the last twenty lines of this start only when it refuses', async () => {
  const world = await openGate({ service: { health: tcpHealth() }, probe: () => REFUSED });
  for (let line = 1; line <= 30; line += 1) {
    world.log.push({ instance: 'web-1-blue', stream: 'out', at: 0, text: `line ${line}`, offset: line });
  }
  world.log.push({ instance: 'web-1-blue', stream: 'out', at: 0, text: 'of the start before', offset: -1 });
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.log?.length, 20);
  assert.equal(outcome.report.log.at(-1), 'line 30');
});

test('gate tells new words when they change, and rejects with the reason when it is aborted', async () => {
  const world = await openGate({
    probe: (_target, times) => ({ state: 'starting', words: times < 5 ? 'loading' : 'warming up' }),
  });
  const said: string[] = [];
  const abort = new AbortController();
  const gate = world.supervisor.passGate(STACK, at(1), {
    signal: abort.signal,
    progressed: (words) => said.push(words),
  });
  const ended = assert.rejects(gate, /cancelled by hand/);
  await world.clock.advance(3000);
  abort.abort(new Error('cancelled by hand'));
  await ended;
  assert.deepEqual(said, ['started', 'loading', 'warming up']);
  assert.equal(world.status(at(1)).activity, 'running');
});

test('gate refuses when the instance is stopped under it', async () => {
  const world = await openGate({ probe: () => REFUSED });
  const gate = world.supervisor.passGate(STACK, at(1));
  await world.clock.advance(1000);
  const stopped = world.supervisor.stop(STACK, [at(1)]);
  const outcome = await world.settled(gate);
  await world.settled(stopped);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.code, 'gate.stopped');
});

test('gate refuses with the words of the driver when the instance could not be started again', async () => {
  const world = await openGate({});
  world.host.failNextStart({ code: 'run.no-program', words: 'no such file: ./server' });
  world.host.kill({ stack: STACK, id: 'web-1-blue' });
  await world.clock.advance(600);
  const outcome = await pass(world);
  assert.ok(outcome.outcome === 'refused');
  assert.equal(outcome.report.code, 'gate.start-failed');
  assert.equal(outcome.report.message, 'Cannot start "web": no such file: ./server');
});

test('gate fails with instance.unknown when the place is not meant to run', async () => {
  const world = await openGate({});
  await assert.rejects(world.supervisor.passGate(STACK, at(3)), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.report.code, 'instance.unknown');
    return true;
  });
});
