// Many at once: deploys that meet, twenty command lines together, holders of the lock that are stopped or die.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Change, isEnded } from '../../src/model/change.ts';
import { claimHome } from '../../src/agent/claim-home.ts';
import type { ErrorReport, Refusal } from '../../src/model/error.ts';
import type { LockRecord } from '../../src/model/lock.ts';
import { type Layout, resolveLayout, sharedFolder } from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { askRoute, describeChange, processesOfStack } from '../worlds/crash-stage.ts';
import { keepAliveClient } from '../worlds/load/keep-alive-client.ts';
import { type MixedLoad, startMixedLoad } from '../worlds/load/mixed-load.ts';
import { openStage, type Ran, type Stage } from '../worlds/stage.ts';

const NAME = 'proof-together';

// A release whose gate.txt names a gate is not ready before there is a file of that name in the shared folder.
const WEB = `
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const gate = process.env.REEVE_SHARED + '/' + readFileSync('gate.txt', 'utf8');
createServer(async (request, response) => {
  const body = (await request.toArray()).join('');
  if (request.url === '/up') response.statusCode = existsSync(gate) ? 200 : 503;
  response.end(request.url === '/echo' ? body : 'release ' + process.env.REEVE_RELEASE);
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

const STACK_FILE = `name: ${NAME}
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${NAME}.localhost
    replicas: 2
    health: { http: /up, interval: 200ms, passes: 1, settle: 50ms, within: 60s }
    drain: 5s
bake: 0s
warm: 0s
retention: { releases: 4 }
`;

let stage: Stage;
let load: MixedLoad;
/** Processes that were stopped, and must not stay so where a test failed. */
const stopped = new Set<number>();

before(async () => {
  const files = { 'reeve.yaml': STACK_FILE, 'web.mjs': WEB, 'gate.txt': '', 'version.txt': '0' };
  stage = await openStage({ stack: NAME, files });
  mkdirSync(shared(), { recursive: true });
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
  const target = { port: stage.edgePort, host: `${NAME}.localhost` };
  load = startMixedLoad(
    target,
    Array.from({ length: 6 }, (_, at) => keepAliveClient(`client ${at}`, 20)),
  );
});

afterEach(() => {
  const { failed, reasons } = load.report();
  assert.deepEqual({ failed, reasons }, { failed: 0, reasons: [] }, 'somebody who asked noticed');
});

after(async () => {
  for (const pid of stopped) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
  const { requests } = await load.stop();
  await stage.close();
  assert.ok(requests > 1_000, `${requests} requests`);
});

describe('deploys that come while another runs', () => {
  test('wait behind it, the latest wins, and each command line says what became of its own', async () => {
    const open = closeGate('first');
    const first = stage.reeve('deploy');
    await changeAt('pass-gate');
    stage.write('version.txt', 'second');
    const second = stage.reeve('deploy');
    await eventually('the second waits', async () => (await stage.lastChange()).state === 'queued');
    stage.write('version.txt', 'third');
    const third = stage.reeve('deploy');
    const superseded = await second;
    open();

    const [one, three] = [await first, await third];
    assert.deepEqual([one.exit, superseded.exit, three.exit], [0, 1, 0], one.stderr + three.stderr);
    assert.match(superseded.stdout + superseded.stderr, /took its place in the queue/);
    const states = (await changes(3)).map(({ state }) => state);
    assert.deepEqual(states, ['done', 'superseded', 'done']);
    assert.equal((await stage.status()).release?.id, 3);
    await assertWhole();
  });
});

describe('twenty command lines at once', () => {
  const READS = [
    'status',
    'status --json',
    'ps',
    'plan',
    'plan --json',
    'releases',
    'changes',
    'lock',
    'logs',
  ];
  const CHANGES = ['deploy --force', 'deploy --force', 'deploy', 'rollback', 'restart web', 'scale web=2'];
  const PATIENT = ['scale web=3 --wait 1m', 'restart web --wait 1m', 'lock run --wait 1m -- true'];
  const LOCKS = ['lock run -- sleep 0.1', 'lock release --task nothing-of-mine'];
  const ALL = [...CHANGES, ...LOCKS, ...READS, ...PATIENT];
  assert.equal(ALL.length, 20);

  for (const [order, lines] of Object.entries({
    'changes first': ALL,
    'patient ones first': ALL.toReversed(),
  })) {
    test(`leave the stack whole and serving, ${order}`, async (t) => {
      const last = (await stage.lastChange()).id;
      const ran = await Promise.all(lines.map((line) => stage.reeve(...line.split(' '))));

      const byLine = lines.map((line, at) => ({ line, ran: ran[at]! }));
      for (const { line, ran: it } of byLine) {
        const allowed = READS.includes(line) ? [0] : [0, 1, 2, 3, 4];
        assert.ok(allowed.includes(it.exit), `reeve ${line}: exit ${it.exit}\n${it.stdout}${it.stderr}`);
        assert.doesNotMatch(it.stdout + it.stderr, /\n\s+at .*:\d+:\d+|a bug in Reeve/, `reeve ${line}`);
      }
      t.diagnostic(byLine.map(({ line, ran: it }) => `${line}: ${it.exit}`).join('; '));
      await assertWhole();
      const made = (await changes(40)).filter(({ id }) => id > last);
      t.diagnostic(made.map(({ id, state, plan }) => `${id} ${plan.kind} ${state}`).join('; '));
      for (const change of made)
        assert.ok(['done', 'superseded'].includes(change.state), describeChange(change));
      assert.ok(made.some(({ state }) => state === 'done'));
      const next = await stage.reeve('deploy', '--force');
      assert.equal(next.exit, 0, next.stderr);
    });
  }
});

describe('the lock', () => {
  test('stays with a holder that is stopped, and is taken over on the record once it is killed', async () => {
    const holder = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const pid = holder.pid!;
    stopped.add(pid);
    const export_ = ['lock', 'acquire', 'export', '--task', 'dump', '--pid', String(pid)];
    assert.equal((await stage.reeve(...export_)).exit, 0);
    process.kill(pid, 'SIGSTOP');
    const refused = await stage.reeve('deploy', '--force', '--json');
    assert.deepEqual([refused.exit, codeOf(refused)], [2, 'lock.held']);
    const impatient = await stage.reeve('deploy', '--force', '--wait', '300ms', '--json');
    assert.deepEqual([impatient.exit, codeOf(impatient)], [4, 'lock.not-obtained']);

    process.kill(pid, 'SIGKILL');
    await once(holder, 'exit');
    const deployed = await stage.reeve('deploy', '--force');
    assert.equal(deployed.exit, 0, deployed.stderr);
    const audit = await stage.client.call('audit', { query: { limit: 100 } });
    const takeOver = audit.find(({ what }) => what === `lock take-over ${NAME}`);
    assert.match(takeOver?.outcome ?? '', /^"deploy" \(.+\) has it; its holder "export" \(dump\) is gone$/);
    await assertWhole();
  });

  test('fences out an agent that was stopped in a change, lost its lock by force, and wakes up', async () => {
    const before = await stage.status();
    const { deploy, pid, change, open } = await stopAgentInAChange('fenced');

    const forced = await stage.reeve('lock', 'release', '--force', '--yes-i-mean', 'deploy');
    assert.equal(forced.exit, 0, forced.stderr);
    const taken = await stage.reeve('lock', 'acquire', 'ann', '--task', 'by-hand');
    assert.equal(taken.exit, 0, taken.stderr);
    open();
    process.kill(pid, 'SIGCONT');

    const failed = await deploy;
    assert.equal(failed.exit, 1, failed.stdout);
    const ended = await stage.client.call('showChange', { params: { id: change.id } });
    assert.deepEqual([ended.state, ended.error?.code], ['failed', 'lock.lost'], describeChange(ended));
    assert.match(ended.error?.message ?? '', /"ann" \(by-hand\) has it/);
    const { release, lock } = await stage.status();
    assert.deepEqual([release?.id, lock.owner], [before.release?.id, 'ann'], 'it touched nothing more');
    assert.equal(await askRoute({ ...stage, name: NAME }), `release ${before.release?.id}`);

    const freed = await stage.reeve('lock', 'release', '--task', 'by-hand');
    assert.equal(freed.exit, 0, freed.stderr);
    const next = await stage.reeve('deploy', '--force');
    assert.equal(next.exit, 0, next.stderr);
    await assertWhole();
  });

  test('keeps a second agent out while the first is stopped, and a killed one is followed by one that goes on', async () => {
    const { deploy, pid, change, open } = await stopAgentInAChange('killed');
    assert.throws(
      () => claimHome(layout(), 'any'),
      ({ report }: Refusal) =>
        report.code === 'agent.running' && report.message.includes(`process ${pid} is its agent`),
    );
    const [status, start] = await Promise.all([
      stage.reeve('status', '--json'),
      stage.reeve('agent', 'start', '--json'),
    ]);
    assert.deepEqual([status.exit, codeOf(status)], [69, 'agent.silent']);
    assert.deepEqual([start.exit, codeOf(start)], [69, 'agent.silent']);

    process.kill(pid, 'SIGKILL');
    await eventually('the agent is gone', () => !isRunning(pid));
    open();
    const next = await stage.reeve('agent', 'start');
    assert.equal(next.exit, 0, next.stderr);
    const done = await deploy;
    assert.equal(done.exit, 0, done.stderr);
    const ended = await stage.client.call('showChange', { params: { id: change.id } });
    assert.match(ended.outcome ?? '', /resumed after the agent was restarted/);
    await assertWhole();
  });
});

const layout = (): Layout => resolveLayout(stage.env, process.getuid?.() ?? 0);

const shared = (): string => sharedFolder(layout(), NAME);

/** What is deployed from now on does not pass its gate before the answer is called. */
const closeGate = (name: string): (() => void) => {
  stage.write('gate.txt', name);
  return () => writeFileSync(join(shared(), name), '');
};

const readLock = async (): Promise<LockRecord> => stage.client.call('readLock', { params: { stack: NAME } });

/** The latest, oldest first. */
const changes = async (limit: number): Promise<readonly Change[]> =>
  (await stage.client.call('listChanges', { query: { limit } })).toReversed();

const changeAt = (kind: string): Promise<Change> =>
  eventually(`the change is at ${kind}`, async () => {
    const change = await stage.lastChange();
    const record = change.records.at(-1);
    const step = change.plan.steps.find(({ id }) => id === record?.step);
    return step?.kind === kind && record?.event === 'intent' ? change : null;
  });

const codeOf = ({ stdout }: Ran): string =>
  (JSON.parse(stdout) as { readonly error: ErrorReport }).error.code;

/** A deploy that waits at its gate, and an agent that does nothing more. */
const stopAgentInAChange = async (gate: string) => {
  const open = closeGate(gate);
  const deploy = stage.reeve('deploy', '--force');
  const change = await changeAt('pass-gate');
  const pid = await stage.agentPid();
  stopped.add(pid);
  process.kill(pid, 'SIGSTOP');
  return { deploy, pid, change, open };
};

/** Nothing runs, waits or is half done: what the agent says is what is there. */
const assertWhole = async (): Promise<void> => {
  await eventually(
    'no change runs or waits',
    async () =>
      (await changes(40)).every(({ state }) => isEnded(state)) && (await readLock()).owner === 'free',
    120_000,
  );
  await eventually('every copy is healthy', async () => {
    const { services } = await stage.status();
    const [web] = services;
    return (
      web!.instances.length === web!.replicas && web!.instances.every(({ health }) => health === 'healthy')
    );
  });
  const { release, services } = await stage.status();
  assert.equal(await askRoute({ ...stage, name: NAME }), `release ${release?.id}`);
  assert.deepEqual(
    processesOfStack({ ...stage, name: NAME }),
    services[0]!.instances.flatMap(({ id }) => [`${id} program`, `${id} shim`]).toSorted(),
  );
};
