// Every command that asks: what it prints, its JSON and its exit code, against an agent that answers as told.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DoctorAnswer } from '../../src/api/wire.ts';
import type { LogLine } from '../../src/ports/log-book.ts';
import { aDoneChange, anInstance, aPlan, aStackStatus, NOON, RELEASES } from '../worlds/cli-facts.ts';
import { cli } from '../worlds/cli-world.ts';
import { type FakeAgent, openFakeAgent } from '../worlds/fake-agent.ts';

const LOG: LogLine = { instance: 'web-1-blue', stream: 'out', at: NOON, text: 'GET / 200', offset: 0 };

const DOCTOR: DoctorAnswer = {
  checked: ['disk', 'edge'],
  findings: [
    {
      code: 'disk.filling',
      severity: 'warning',
      symptom: 'The disk is 91% full',
      evidence: ['2.1 GB left'],
      cause: 'logs of mailer-1-blue',
      fix: 'lower retention.logs',
    },
  ],
};

let agent: FakeAgent;
let folder: string;

before(async () => {
  agent = await openFakeAgent({
    agentStatus: () => ({
      version: '0.1.0',
      pid: 42,
      startedAt: NOON - 60_000,
      home: agent.home,
      socket: agent.socket,
      driver: 'embedded',
      edge: 'builtin',
      stacks: 1,
      instances: 5,
      rssBytes: 61_000_000,
    }),
    listStacks: () => [aStackStatus()],
    stackStatus: () => aStackStatus(),
    releases: () => RELEASES,
    listChanges: () => [aDoneChange()],
    showChange: () => aDoneChange(),
    plan: () => ({ plan: aPlan(), warnings: [] }),
    edgeStatus: () => ({
      name: 'builtin',
      isRunning: true,
      pid: 99,
      address: 'http://127.0.0.1:7080',
      version: '0.1.0',
      startedAt: NOON - 60_000,
      sites: [
        {
          stack: 'shop',
          services: [
            {
              service: 'web',
              routes: [{ host: 'shop.localhost', path: '/', stripPath: false }],
              slots: [{ slot: 1, blue: 20_001, green: 20_002 }],
              holdMs: 30_000,
            },
          ],
        },
      ],
    }),
    logs: () => [LOG],
    doctor: () => DOCTOR,
    metrics: () => '# TYPE reeve_instances gauge\nreeve_instances 5\n',
    audit: () => [{ at: NOON, by: 'ada', what: 'deploy shop', change: 7, outcome: 'ok' }],
  });
  folder = join(agent.home, 'project/deep');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(agent.home, 'project/reeve.yaml'), 'name: shop # the stack\nservices: {}\n');
});

after(() => agent[Symbol.asyncDispose]());

const run = (line: string) => cli(line.split(' '), { env: agent.env, cwd: folder });

/** Each command, what it prints for people, and the shape of its data. */
const COMMANDS: readonly (readonly [command: string, prints: RegExp, data: unknown, code: number])[] = [
  ['status', /^shop · release 12 \(4f2a91c Fix the footer\)/, [aStackStatus()], 0],
  ['status --stack shop', /^shop · release 12/, [aStackStatus()], 0],
  ['releases', /13 {2}bad .* {2}Fix the header\n {9}web-1-green answered 503/, RELEASES, 0],
  ['changes', /7 {2}shop {3}done .*Deploy release 13/, [aDoneChange()], 0],
  ['changes show 7', /✓ Release 13 is live \(12 s: gate 1\.9 s/, aDoneChange(), 0],
  ['plan', /Cut over\n {2}4 {2}Move the traffic of web to green/, { plan: aPlan(), warnings: [] }, 0],
  ['plan --check', /Deploy release 13/, { plan: aPlan(), warnings: [] }, 5],
  ['logs', /web-1-blue  │ GET \/ 200\n$/, LOG, 0],
  ['doctor', /warning {2}disk\.filling\n {2}The disk is 91% full\n {2}seen {3}2\.1 GB left/, DOCTOR, 0],
  ['metrics', /^# TYPE reeve_instances gauge\nreeve_instances 5\n$/, null, 0],
  [
    'audit',
    /ada {2}deploy shop {7}7 {2}ok/,
    [{ at: NOON, by: 'ada', what: 'deploy shop', change: 7, outcome: 'ok' }],
    0,
  ],
  ['edge', /● builtin edge runs at http:\/\/127\.0\.0\.1:7080/, null, 0],
  ['edge routes', /shop\.localhost\/ {2}shop\/web {2}20001 {2}20002/, null, 0],
  ['agent', /● The agent runs \(reeve 0\.1\.0\)\n {2}process {2}42, up 1 min, 61 MB/, null, 0],
  ['agent start', /✓ The agent already runs \(process 42/, null, 0],
  ['version', /^reeve 0\.1\.0\n.*\n {2}agent {2}0\.1\.0 \(process 42\)/, null, 0],
  ['health', /worker-1-blue {2}◐ degraded {2}queue is/, null, 1],
  ['health web', /web-2-blue {2}● healthy {2}200 in 5 ms/, null, 0],
  ['ps', /web-1-blue {5}● healthy {2}200 in 3 ms/, null, 0],
  ['completion bash', /complete -F _reeve reeve/, null, 0],
  ['completion zsh', /^#compdef reeve/, null, 0],
  ['completion fish', /complete -c reeve -n '__reeve_is agent' -a 'start'/, null, 0],
];

for (const [command, prints, data, code] of COMMANDS) {
  test(`reeve ${command} prints what it was told and exits with ${code}`, async () => {
    const people = await run(command);
    assert.match(people.stdout, prints);
    assert.equal(people.code, code, people.stderr);
    const machine = await run(`${command} --json`);
    const value = machine.json();
    if (data !== null) assert.deepEqual(value, data);
    assert.equal(machine.code, code);
    assert.equal(machine.stderr, '');
  });
}

test('a list that was cut says how to see more of it, and asks for no more than it shows', async () => {
  const releases = await run('releases -n 1');
  assert.match(releases.stdout, /\n +13 {2}bad [^]*\nThere are older ones: reeve releases -n 10\n$/);
  assert.doesNotMatch(releases.stdout, /\n +12 /);
  assert.deepEqual(agent.calls.findLast(({ name }) => name === 'releases')?.query, { limit: '2' });
  assert.deepEqual((await run('releases -n 1 --json')).json(), RELEASES.slice(0, 1));
  assert.doesNotMatch((await run('releases')).stdout, /older/);
  agent.answer({ listChanges: () => [aDoneChange(), aDoneChange()] });
  assert.match((await run('changes -n 1')).stdout, /\nThere are older ones: reeve changes -n 10\n$/);
  agent.answer({ listChanges: () => [aDoneChange()] });
});

test('reeve ps --json has one entry for each instance, with its stack', async () => {
  const instances = (await run('ps --json')).json() as readonly { stack: string; id: string }[];
  assert.deepEqual(
    instances.map(({ stack, id }) => `${stack}/${id}`),
    ['shop/web-1-blue', 'shop/web-2-blue', 'shop/web-1-green', 'shop/worker-1-blue', 'shop/mailer-1-blue'],
  );
});

test('reeve health refuses a service that the stack does not have', async () => {
  const { code, stderr } = await run('health nope');
  assert.equal(code, 2);
  assert.match(stderr, /Cannot find service "nope".*\n {2}fix {3}name one of web, worker, mailer, cron/);
});

test('reeve doctor exits with 1 when it found an error', async () => {
  agent.answer({ doctor: () => ({ ...DOCTOR, findings: [{ ...DOCTOR.findings[0]!, severity: 'error' }] }) });
  assert.equal((await run('doctor')).code, 1);
  agent.answer({ doctor: () => DOCTOR });
});

test('reeve plan --check exits with 0 when there is nothing to do', async () => {
  agent.answer({ plan: () => ({ plan: aPlan({ steps: [], sentence: 'Nothing to do' }), warnings: [] }) });
  const { code, stdout } = await run('plan --check');
  assert.deepEqual([code, stdout], [0, '✓ Nothing to do\n']);
  agent.answer({ plan: () => ({ plan: aPlan(), warnings: [] }) });
});

test('reeve plan sends the stack file that is nearest, with ref and force', async () => {
  await run('plan --ref v2 --force');
  assert.deepEqual(agent.calls.findLast(({ name }) => name === 'plan')?.body, {
    want: 'deploy',
    file: { path: join(agent.home, 'project/reeve.yaml'), text: 'name: shop # the stack\nservices: {}\n' },
    ref: 'v2',
    force: true,
  });
});

test('reeve logs asks for a service, an instance or a job by what it was given', async () => {
  const asked = async (line: string) => {
    await run(line);
    return agent.calls.findLast(({ name }) => name === 'logs')?.query;
  };
  assert.deepEqual(await asked('logs web'), { service: 'web', tail: '100' });
  assert.deepEqual(await asked('logs web-1-blue --tail 5'), { instance: 'web-1-blue', tail: '5' });
  assert.deepEqual(await asked('logs job-12-migrate --grep error'), {
    instance: 'job-12-migrate',
    tail: '100',
    grep: 'error',
  });
  assert.deepEqual(await asked('logs --since 2026-01-31T12:00:00Z'), { since: String(NOON) });
});

test('reeve logs of several services shows theirs only', async () => {
  const others = ['web-1-blue', 'worker-1-blue', 'worker-x-1-green'].map((instance) => ({
    ...LOG,
    instance,
  }));
  agent.answer({ logs: () => others });
  const { stdout } = await run('logs web worker');
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[1]),
    ['web-1-blue', 'worker-1-blue'],
  );
  agent.answer({ logs: () => [LOG] });
});

test('a command outside any stack folder means the only stack there is', async () => {
  const { code } = await cli(['releases'], { env: agent.env, cwd: '/' });
  assert.equal(code, 0);
  assert.equal(agent.calls.at(-1)?.params.stack, 'shop');
});

test('a command outside any stack folder asks which stack is meant when there are several', async () => {
  agent.answer({ listStacks: () => [aStackStatus(), aStackStatus({ stack: 'blog' })] });
  const { code, stderr } = await cli(['releases'], { env: agent.env, cwd: '/' });
  assert.equal(code, 2);
  assert.match(stderr, /fix {3}add --stack with one of shop, blog/);
  agent.answer({ listStacks: () => [aStackStatus()] });
});

test('what an instance says can not move the cursor of who looks', async () => {
  const [web, ...rest] = aStackStatus().services;
  const evil = { ...web!, instances: [anInstance({ words: 'ok\x1b[2J\x1b]0;x\x07' })] };
  agent.answer({ listStacks: () => [aStackStatus({ services: [evil, ...rest] })] });
  const { stdout } = await run('status');
  assert.ok(stdout.includes('ok\\x1b[2J\\x1b]0;x\\x07'));
  assert.ok(!stdout.includes('\x1b'));
  agent.answer({ listStacks: () => [aStackStatus()] });
});

test('the agent is told who asks', async () => {
  await run('status');
  assert.equal(agent.calls.at(-1)?.user, 'ada');
});
