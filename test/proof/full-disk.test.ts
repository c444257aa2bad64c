// The disk of the state folder is full, or the agent has no file descriptors left. What runs goes on, what is asked fails
// with a clear word or waits, and when there is room again everything goes on without help.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import type { InstanceStatus } from '../../src/model/health.ts';
import { agentLogPath, resolveLayout, sharedFolder } from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { keepAliveClient } from '../worlds/load/keep-alive-client.ts';
import { type MixedLoad, startMixedLoad } from '../worlds/load/mixed-load.ts';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../worlds/small-disk.ts';
import { openStage, type Ran, type Stage } from '../worlds/stage.ts';

const NAME = 'proof-full';
const MEGABYTES = 32;

// A release whose gate.txt names a gate is not ready before there is a file of that name in the shared folder.
const WEB = `
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
// A program writes its log by itself: on a full disk that fails, and Node ends one that does not hear of it.
process.stdout.on('error', () => {});
const gate = process.env.REEVE_SHARED + '/' + readFileSync('gate.txt', 'utf8');
createServer(async (request, response) => {
  const body = (await request.toArray()).join('');
  if (request.url === '/up') response.statusCode = existsSync(gate) ? 200 : 503;
  else console.log(request.method, request.url);
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
  frail:
    run: sh -c 'echo up; exec sleep 1000'
    health: { log: up, settle: 50ms }
bake: 0s
warm: 0s
retention: { releases: 3 }
`;

const CHANGES = ['deploy --force', 'restart web', 'scale web=3', 'rollback'];
const READS = ['status', 'ps', 'plan', 'releases', 'changes', 'logs web', 'lock', 'edge routes'];

const isSkipped = whyNoSmallDisk() ?? false;

describe('an agent whose state folder can grow no more', { skip: isSkipped, concurrency: 1 }, () => {
  let stage: Stage;
  let disk: SmallDisk;
  let load: MixedLoad;

  before(async () => {
    stage = await openStage({
      stack: NAME,
      files: { 'reeve.yaml': STACK_FILE, 'web.mjs': WEB, 'gate.txt': '' },
      makeState: (home) => {
        disk = mountSmallDisk(home, MEGABYTES);
        return disk.unmount;
      },
    });
    mkdirSync(shared(stage), { recursive: true });
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
    const second = await stage.reeve('deploy', '--force');
    assert.equal(second.exit, 0, second.stderr);
    load = startMixedLoad(
      { port: stage.edgePort, host: `${NAME}.localhost` },
      [1, 2, 3, 4].map((at) => keepAliveClient(`client ${at}`, 20)),
    );
  });

  afterEach(async () => {
    disk.free();
    const { failed, reasons } = load.report();
    assert.deepEqual({ failed, reasons }, { failed: 0, reasons: [] }, 'somebody who asked noticed');
    const next = await stage.reeve('deploy', '--force');
    assert.equal(next.exit, 0, `the next deploy works without help\n${next.stderr}`);
    await assertWhole(stage);
  });

  after(async () => {
    await load.stop();
    await stage.close();
  });

  for (const what of ['bytes', 'files'] as const) {
    test(`says so with the path when something is to be changed and there is no room for more ${what}`, async (t) => {
      const pids = await pidsOf(stage);
      let refused = 0;
      for (const line of CHANGES) {
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
      for (const line of READS) {
        const ran = await stage.reeve(...line.split(' '));
        assert.equal(ran.exit, 0, `${line}: ${ran.stderr}`);
      }
      assert.deepEqual(await pidsOf(stage), pids, 'what ran runs');
    });
  }

  test('stops a deploy where it is, and goes on with it when there is room again', async () => {
    stage.write('gate.txt', 'midway');
    const deploy = stage.start('deploy');
    const begun = await changeAt(stage, 'pass-gate');
    disk.fill('bytes');
    writeFileSync(join(shared(stage), 'midway'), '');
    await eventually('the agent can not write its journal', () =>
      /store\.full/.test(readFileSync(agentLog(stage), 'utf8')),
    );
    assert.equal((await showChange(stage, begun.id)).state, 'running');
    disk.free();
    const ran = await deploy.ended;
    assert.equal(ran.exit, 0, ran.stderr);
    assert.equal((await showChange(stage, begun.id)).state, 'done');
  });

  test('starts a program that dies as soon as there is room again', async () => {
    const frail = async (): Promise<InstanceStatus> =>
      (await instancesOf(stage)).find(({ service }) => service === 'frail')!;
    const { pid } = await frail();
    disk.fill('bytes');
    process.kill(pid!, 'SIGKILL');
    await eventually('its end is known', async () => (await frail()).pid !== pid);
    disk.free();
    const again = await eventually(
      'it runs again',
      async () => {
        const now = await frail();
        return now.health === 'healthy' && now.pid !== pid ? now : null;
      },
      30_000,
    );
    assert.ok(isRunning(again.pid!));
  });

  test('is followed by one that finds everything, and before there is room says why there is none', async () => {
    const pids = await pidsOf(stage);
    const agent = await stage.agentPid();
    disk.fill('bytes');
    process.kill(agent, 'SIGKILL');
    await eventually('the agent is gone', () => !isRunning(agent));
    const refused = await stage.reeve('agent', 'start', '--json');
    const { message, why } = errorOf(refused);
    assert.equal(refused.exit, 1);
    assert.match(`${message} ${why}`, /no space is left on/);
    assert.deepEqual(
      pids.filter((pid) => !isRunning(pid!)),
      [],
      'what ran runs',
    );
    disk.free();
    const started = await stage.reeve('agent', 'start');
    assert.equal(started.exit, 0, started.stderr);
    assert.deepEqual(await pidsOf(stage), pids);
  });

  test('does not break when it has no file descriptors left', async (t) => {
    const pids = await pidsOf(stage);
    const agent = String(await stage.agentPid());
    const limit = (count: number | string): void =>
      void execFileSync('prlimit', ['--pid', agent, `--nofile=${count}:`]);
    const before = Number(
      execFileSync('prlimit', ['--pid', agent, '--nofile', '-o', 'SOFT', '--noheadings']),
    );
    const used = readdirSync(`/proc/${agent}/fd`).length;
    for (const spare of [0, 2, 4, 8]) {
      limit(used + spare);
      const ran = await stage.reeve('deploy', '--force', '--json');
      const said = ran.exit === 0 ? 'done' : `${errorOf(ran).code}: ${errorOf(ran).message}`;
      t.diagnostic(`${spare} spare descriptors: exit ${ran.exit}, ${said}`);
      assert.ok(ran.exit === 0 || ran.exit === 1, said);
      limit(before);
      await assertWhole(stage);
    }
    assert.equal(String(await stage.agentPid()), agent, 'the same agent');
    assert.equal((await pidsOf(stage)).length, pids.length);
  });
});

const agentLog = ({ env }: Stage): string => agentLogPath(resolveLayout(env, process.getuid?.() ?? 0));

const showChange = ({ client }: Stage, id: number): Promise<Change> =>
  client.call('showChange', { params: { id } });

const changeAt = (stage: Stage, kind: string): Promise<Change> =>
  eventually(`the change is at ${kind}`, async () => {
    const change = await stage.lastChange();
    const record = change.records.at(-1);
    const step = change.plan.steps.find(({ id }) => id === record?.step);
    return step?.kind === kind && record?.event === 'intent' ? change : null;
  });

const shared = ({ env }: Stage): string => sharedFolder(resolveLayout(env, process.getuid?.() ?? 0), NAME);

const errorOf = ({ stdout }: Ran): ErrorReport =>
  (JSON.parse(stdout) as { readonly error: ErrorReport }).error;

const instancesOf = async (stage: Stage): Promise<readonly InstanceStatus[]> =>
  (await stage.status()).services.flatMap(({ instances }) => instances);

const pidsOf = async (stage: Stage): Promise<readonly (number | null)[]> =>
  (await instancesOf(stage)).map(({ pid }) => pid);

const assertWhole = async (stage: Stage): Promise<void> => {
  await eventually('every copy is healthy, and nothing else is there', async () => {
    const { services, lock, change } = await stage.status();
    const isWhole = services.every(
      ({ instances, replicas }) =>
        instances.length === replicas && instances.every(({ health }) => health === 'healthy'),
    );
    return isWhole && lock.owner === 'free' && change === null;
  });
};
