import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeTarget } from '../ports/prober.ts';
import { FakeClock } from '../../test/worlds/fake-clock.ts';
import { FakeProber, type ProbeScript } from '../../test/worlds/fake-prober.ts';
import { ProbeLoop } from './probe-loop.ts';

const target = (port: number): ProbeTarget => ({
  probe: { kind: 'tcp' },
  port,
  timeoutMs: 1000,
  workingFolder: '/',
  env: {},
  user: null,
  outputs: [],
});

const open = (script: ProbeScript = () => ({}), atOnce = 64) => {
  const clock = new FakeClock();
  const prober = new FakeProber(clock, script);
  const loop = new ProbeLoop({ clock, prober, atOnce });
  const answers: string[] = [];
  const schedule = (port: number, inMs: number): void =>
    loop.schedule(
      `${port}`,
      { target: target(port), answered: () => answers.push(`${port}@${clock.monotonic()}`) },
      inMs,
    );
  return { clock, prober, loop, answers, schedule };
};

test('probe loop keeps one timer when 300 instances are due at different times', () => {
  const { clock, schedule } = open();
  for (let port = 0; port < 300; port += 1) schedule(port, 1000 - port);
  assert.equal(clock.pending, 1);
});

test('probe loop asks each when it is due, and those that are due together at one time', async () => {
  const { clock, answers, schedule } = open();
  schedule(1, 100);
  schedule(2, 110);
  schedule(3, 500);
  await clock.advance(1000);
  assert.deepEqual(answers, ['1@101', '2@101', '3@501']);
  assert.equal(clock.pending, 0);
});

test('probe loop never asks one instance twice at once when it is scheduled again meanwhile', async () => {
  const { clock, prober, schedule } = open(() => ({ tookMs: 300 }));
  schedule(1, 0);
  for (let turn = 0; turn < 20; turn += 1) {
    await clock.advance(50);
    schedule(1, 0);
  }
  assert.equal(prober.mostAtOnce, 1);
  assert.ok((prober.asked.get('1') ?? 0) >= 3);
});

test('probe loop asks at most so many at once when all are due, and all in the end', async () => {
  const { clock, prober, answers, schedule } = open(() => 'silent', 8);
  for (let port = 1; port <= 30; port += 1) schedule(port, 0);
  await clock.advance(100);
  assert.equal(prober.asked.size, 8);
  await clock.advance(5000);
  assert.equal(answers.length, 30);
});

test('probe loop drops an answer when the probe was cancelled meanwhile, and asks the next run', async () => {
  const { clock, prober, loop, answers, schedule } = open(() => ({ tookMs: 300 }));
  schedule(1, 0);
  await clock.advance(100);
  loop.cancel('1');
  schedule(1, 50);
  await clock.advance(2000);
  assert.deepEqual(answers, ['1@450']);
  assert.equal(prober.mostAtOnce, 1);
});

test('probe loop answers unhealthy and goes on when the prober throws', async () => {
  const { clock, prober, answers, schedule } = open(() => {
    throw new Error('broken');
  });
  schedule(1, 0);
  await clock.advance(10);
  prober.script = () => ({});
  schedule(1, 0);
  await clock.advance(10);
  assert.equal(answers.length, 2);
});

test('probe loop leaves no timer and gives no answer when it is closed', async () => {
  const { clock, loop, answers, schedule } = open(() => ({ tookMs: 300 }));
  schedule(1, 0);
  schedule(2, 1000);
  await clock.advance(100);
  loop.close();
  schedule(3, 0);
  await clock.advance(5000);
  assert.deepEqual(answers, []);
  assert.equal(clock.pending, 0);
});
