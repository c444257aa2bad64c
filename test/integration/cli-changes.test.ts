// Every command that changes: the wish it sends, how it follows, how it ends.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { ErrorReport } from '../../src/api/wire.ts';
import { aChange, aDoneChange, aPlan, NOON, recordsOf } from '../worlds/cli-facts.ts';
import { cli } from '../worlds/cli-world.ts';
import { type FakeAgent, openFakeAgent } from '../worlds/fake-agent.ts';

let agent: FakeAgent;

const status = () => ({
  version: '0.1.0',
  pid: 42,
  startedAt: NOON,
  home: agent.home,
  socket: agent.socket,
  driver: 'embedded',
  edge: 'builtin',
  stacks: 1,
  instances: 5,
  rssBytes: 0,
});

before(async () => {
  agent = await openFakeAgent();
  writeFileSync(join(agent.home, 'reeve.yaml'), 'name: "shop"\n');
});
after(() => agent[Symbol.asyncDispose]());

beforeEach(() =>
  agent.answer({
    agentStatus: status,
    change: () => ({ outcome: 'started', change: aChange(), behind: null, warnings: [] }),
    followChange: () => [{ change: aDoneChange() }],
  }),
);

const run = (line: string, canAsk = false) =>
  cli(line.split(' '), { env: agent.env, cwd: agent.home, canAsk });
const lastWish = () => agent.calls.findLast(({ name }) => name === 'change')?.body;

test('each command sends its wish', async () => {
  const file = { path: join(agent.home, 'reeve.yaml'), text: 'name: "shop"\n' };
  const wishes: readonly (readonly [line: string, wish: unknown])[] = [
    ['up', { want: 'deploy', file }],
    ['deploy', { want: 'deploy', file }],
    ['deploy --ref v2 --force --wait 10m', { want: 'deploy', file, ref: 'v2', force: true, waitMs: 600_000 }],
    ['rollback', { want: 'rollback', stack: 'shop', release: null }],
    ['rollback 41', { want: 'rollback', stack: 'shop', release: 41 }],
    ['restart', { want: 'restart', stack: 'shop', services: [] }],
    ['stop web worker', { want: 'stop', stack: 'shop', services: ['web', 'worker'] }],
    ['start web --stack other', { want: 'start', stack: 'other', services: ['web'] }],
    ['scale web=3', { want: 'scale', stack: 'shop', service: 'web', replicas: 3 }],
    ['run migrate', { want: 'job', stack: 'shop', job: 'migrate' }],
    ['down', { want: 'down', stack: 'shop', purge: false }],
    ['down --purge --yes-i-mean shop', { want: 'down', stack: 'shop', purge: true }],
  ];
  for (const [line, wish] of wishes) {
    const { code, stdout } = await run(line);
    assert.equal(code, 0, line);
    assert.deepEqual(lastWish(), wish, line);
    assert.match(stdout, /✓ Release 13 is live/, line);
  }
});

test('a job that was run says how to see what it printed', async () => {
  const { stdout } = await run('run migrate');
  assert.match(stdout, /\nWhat it printed: reeve logs job-7-migrate\n$/);
});

test('a change is shown step by step, and ends with its figures', async () => {
  const { stdout } = await run('deploy');
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines[0], 'Change 7: Deploy release 13 (a1b2c3d Fix the header) over release 12');
  assert.equal(lines.length, 1 + 12 + 1);
  assert.equal(lines.at(-1), '✓ Release 13 is live (12 s: gate 1.9 s, traffic moved in 4 ms, watched 10 s)');
});

test('a change under --json is one value on stdout; its progress is on stderr', async () => {
  const { code, json, stderr } = await run('deploy --json');
  assert.equal(code, 0);
  assert.deepEqual(json(), { outcome: 'done', change: aDoneChange(), warnings: [] });
  assert.match(stderr, /\[ {2}312 ms\] 1\/6 done/);
});

test('a change with --quiet prints nothing', async () => {
  const { code, stdout, stderr } = await run('deploy --quiet');
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
});

test('a change that failed says why, what was undone, and exits with 1', async () => {
  const error: ErrorReport = {
    kind: 'failure',
    code: 'gate.exited',
    message: 'Cannot start "web": it ended with exit code 1, running was expected',
    undone: ['Removed release 13'],
    log: ['Error: no DATABASE_URL'],
    exit: 1,
  };
  const failed = aChange({
    state: 'failed',
    error,
    outcome: 'Release 12 still serves; release 13 was stopped',
    records: recordsOf([1, 'intent', 0], [1, 'failed', 10, 'exit code 1']),
    closedAt: NOON + 20,
  });
  agent.answer({ followChange: () => [{ change: failed }] });
  const people = await run('deploy');
  assert.equal(people.code, 1);
  assert.match(people.stdout, /✗ Release 12 still serves; release 13 was stopped \(20 ms\)\n$/);
  assert.match(
    people.stderr,
    /^Cannot start "web".*\n {2}undone {2}Removed release 13\n {2}log {5}\(last line\)\n/,
  );
  const machine = await run('deploy --json');
  assert.equal(machine.code, 1);
  assert.deepEqual(machine.json(), { outcome: 'failed', change: failed, warnings: [], error });
});

test('a change with nothing to do says so and exits with 0', async () => {
  const plan = aPlan({ steps: [] });
  agent.answer({ change: () => ({ outcome: 'nothing', plan, warnings: [] }) });
  const { code, stdout } = await run('deploy');
  assert.deepEqual([code, stdout], [0, '✓ Nothing to do: what runs is what the stack file says\n']);
  assert.deepEqual((await run('deploy --json')).json(), { outcome: 'nothing', plan, warnings: [] });
});

test('a change with --detach is not followed', async () => {
  const before = agent.calls.length;
  const { code, stderr } = await run('deploy --detach');
  assert.equal(code, 0);
  assert.match(stderr, /Follow it: reeve changes follow 7\. Cancel it: reeve changes cancel 7/);
  assert.ok(agent.calls.slice(before).every(({ name }) => name !== 'followChange'));
});

test('a queued change says behind which one it waits', async () => {
  agent.answer({
    change: () => ({ outcome: 'queued', change: aChange({ state: 'queued' }), behind: 6, warnings: [] }),
  });
  assert.match((await run('deploy')).stdout, /^Change 7 waits behind change 6\n/);
  assert.equal((await run('deploy --detach')).stdout, 'Change 7 waits behind change 6\n');
});

test('scaling several services stops at the first change that does not succeed', async () => {
  agent.answer({ followChange: () => [{ change: aDoneChange({ state: 'cancelled' }) }] });
  const before = agent.calls.length;
  const { code, json } = await run('scale web=3 worker=1 --json');
  assert.equal(code, 1);
  assert.equal((json() as unknown[]).length, 1);
  assert.equal(agent.calls.slice(before).filter(({ name }) => name === 'change').length, 1);
});

test('reeve changes follow shows a change that runs, and exits as the change ends', async () => {
  const { code, stdout } = await run('changes follow 7');
  assert.equal(code, 0);
  assert.match(stdout, /6\/6 done/);
});

test('reeve changes cancel succeeds when the change ends cancelled, and not when it was too late', async () => {
  agent.answer({
    cancelChange: () => aChange({ cancelRequested: true }),
    followChange: () => [{ change: aDoneChange({ state: 'cancelled', outcome: 'Release 12 still serves' }) }],
  });
  assert.equal((await run('changes cancel 7')).code, 0);
  const error: ErrorReport = { kind: 'failure', code: 'change.cancelled', message: 'Cannot go on', exit: 1 };
  agent.answer({ followChange: () => [{ change: aChange({ state: 'cancelled', closedAt: NOON, error }) }] });
  assert.equal((await run('changes cancel 7')).stderr, '', 'to be cancelled was what was asked for');
  assert.match((await run('changes follow 7')).stderr, /^Cannot go on/);
  agent.answer({ followChange: () => [{ change: aDoneChange() }] });
  assert.equal((await run('changes cancel 7')).code, 1);
});

test('a change is followed over a restart of the agent, and nothing is shown twice', async () => {
  const records = aDoneChange().records;
  agent.answer({
    followChange: async function* () {
      yield { change: aChange({ records: records.slice(0, 3) }) };
      setImmediate(() => void agent.kill().then(restart));
      await new Promise(() => {});
    },
  });
  const restart = async (): Promise<void> => {
    agent.answer({
      followChange: async function* () {
        yield { change: aChange({ records: records.slice(0, 4) }) };
        for (const record of records.slice(4))
          yield { event: 'step.recorded', at: record.at, stack: 'shop', change: 7, record };
        agent.answer({ followChange: () => [{ change: aDoneChange() }] });
        yield {
          event: 'change.closed',
          at: NOON,
          stack: 'shop',
          change: 7,
          state: 'done',
          sentence: '',
          error: null,
        };
      },
    });
    await agent.listen();
  };
  const { code, stdout } = await run('deploy');
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.filter((line) => line.startsWith('The agent')),
    ['The agent does not answer; waiting for it to come back'],
  );
  assert.equal(lines.length, 1 + 12 + 1 + 1);
  assert.equal(new Set(lines).size, lines.length);
});

test('Ctrl-C detaches from a change, says how to go on, and exits with 130', async () => {
  const interrupting = new AbortController();
  agent.answer({
    followChange: async function* () {
      yield { change: aChange() };
      setImmediate(() => interrupting.abort());
      await new Promise(() => {});
    },
  });
  const end = await cli(['deploy', '--json'], {
    env: agent.env,
    cwd: agent.home,
    interrupted: interrupting.signal,
  });
  assert.equal(end.code, 130);
  assert.equal(
    end.stderr.trimEnd().split('\n').at(-1),
    'Change 7 goes on. Follow it: reeve changes follow 7. Cancel it: reeve changes cancel 7',
  );
  assert.deepEqual(end.json(), { outcome: 'interrupted', change: aChange(), warnings: [] });
});
