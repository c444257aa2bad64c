// What deployers of this kind are tested for, asked of the real agent. What is shown elsewhere is not repeated:
//
// | their words | where it is shown |
// |---|---|
// | target never healthy: error and old unchanged; the app's own error text shown | e2e/failed-gates; here: 404 unchanged |
// | health: success, after retries, time-out, 5xx, Host header, port | integration/probes-http, contract/prober |
// | drain: empty; WebSockets to the deadline | integration/edge-swap, proof/deploys-under-load; here: completes, must be cancelled |
// | deploy, redeploy, rollback, details, audit | here |
// | broken image: old serves, workers not booted; boot errors do not leave the lock in place | here |
// | lock acquire, status, release | integration/lock-commands; here: refusal while locked, lock-wait |
// | deploy errors during an outside section leave the lock | here |
// | rollback without old version | here |
// | proxy boot, reboot; kill -9 of the proxy or the CLI mid-deploy; crash mid state-write | crash/edge-and-cli, crash/agent-sweep, integration/edge-process |
// | two apps on one proxy, remove one leaves the other | here |
// | setup and remove leave nothing | e2e/down-leaves-nothing |
// | hooks run in order with env; secrets with quotes, UTF-8, `$()`; binary-safe exec | here |
// | continuous load through deploy, rollback, abort; POST bodies across the swap | proof/deploys-under-load, e2e/strategies-under-load, e2e/jobs-and-cancel |
// | concurrent deploys of one service; two operators racing | here |
// | corrupt state file; full disk | e2e/lost-database, integration/store-file, integration/releases-place |
// | slow clients do not hold a deploy | proof/slow-clients |
// | target turning unhealthy after cut-over | proof/field-scenarios P1 |
// | maintenance and live with a custom page | the edge can (integration/edge-hold), no command does it |
// | asset bridging; accessories; registries; canary; OpenTelemetry; several hosts | not there: one host, no images, no canary |
// | reboot with a changed upstream address | crash/reboot: upstreams are fixed ports of loopback, and somebody else has one of them after the reboot |
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ErrorReport } from '../../src/model/error.ts';
import { type CliEnd, cli } from '../worlds/cli-world.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { callDoor } from '../worlds/edge-stand.ts';
import { openStage, projectRoot, type Stage } from '../worlds/stage.ts';
import { PROGRAMS } from '../worlds/web-stack.ts';

const SECRETS: Readonly<Record<string, string>> = {
  QUOTES: `it's "quoted" and \`ticked\``,
  UTF8: 'pässwörd 漢字 🚀',
  SHELL: '$(touch owned) ${HOME} $HOME `id` !! && ; | > x',
  BACKSLASH: String.raw`a\nb\\c\$d`,
  SPACES: '  two on both ends  ',
  HASH: 'before #after',
  EQUALS: 'a=b==',
  LINES: '-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----',
};

// In double quotes, as env files have it.
const quoted = (value: string): string =>
  `"${value.replaceAll(/["\\$]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;

const job = (name: string): string =>
  `echo "${name} release=$REEVE_RELEASE stack=$REEVE_STACK $UTF8" >> "$REEVE_SHARED/order"`;

const STACK_FILE = `name: peer
source: { folder: ., exclude: [.env] }
env_files: [.env]
services:
  web:
    run: $REEVE_NODE web.mjs
    route: peer.localhost
    health: { http: /up, interval: 300ms, settle: 100ms, within: 3s }
    stop: { grace: 1s }
    drain: 2s
  worker:
    run: sh worker.sh
    depends_on: [{ service: web, condition: healthy }]
    health: { log: "worker: up", settle: 100ms }
    stop: { grace: 0s }
jobs:
  compile: { phase: build, run: sh compile.sh }
  check: { phase: gate, run: sh check.sh }
  migrate: { phase: before, run: sh migrate.sh }
  announce: { phase: after, run: sh announce.sh }
bake: 0s
warm: 0s
`;

const SLOW = `
  import { createServer } from 'node:http';
  createServer((request, response) => {
    const ms = Number(new URL(request.url, 'http://x').searchParams.get('ms') ?? 0);
    setTimeout(() => response.end('release ' + process.env.REEVE_RELEASE), ms);
  }).listen(Number(process.env.PORT), '127.0.0.1');
`;

const OTHER_FILE = `name: neighbour
services:
  web: { run: $REEVE_NODE web.mjs, route: neighbour.localhost, health: { http: /up, settle: 100ms }, stop: { grace: 0s } }
bake: 0s
warm: 0s
`;

describe('as its peers are tested, a deploy', () => {
  let stage: Stage;

  const run = (...argv: string[]): Promise<CliEnd> =>
    cli(argv, { env: stage.env as Readonly<Record<string, string>>, cwd: stage.stackFolder });
  const errorOf = ({ stdout }: CliEnd): ErrorReport => (JSON.parse(stdout) as { error: ErrorReport }).error;
  const ask = async (path = '/', host = 'peer.localhost'): Promise<string> => {
    const { status, body } = await callDoor(stage.edgePort, { host, path });
    return status === 200 ? body : String(status);
  };
  const pidOf = async (service: string): Promise<number | null> =>
    (await stage.status()).services.find((one) => one.service === service)?.instances[0]?.pid ?? null;
  const change = (mark: string): void => stage.write('web.mjs', `// ${mark}\n${SLOW}`);
  const deployed = async (...options: string[]): Promise<number> => {
    const end = await run('deploy', ...options);
    assert.equal(end.code, 0, end.stdout + end.stderr);
    return (await stage.status()).release!.id;
  };

  before(async () => {
    const files = Object.fromEntries(
      ['compile', 'check', 'migrate', 'announce'].map((name) => [`${name}.sh`, job(name)]),
    );
    stage = await openStage({
      stack: 'peer',
      files: {
        ...files,
        'reeve.yaml': STACK_FILE,
        'web.mjs': PROGRAMS.exitsAtOnce,
        'worker.sh': 'echo "worker: up, release $REEVE_RELEASE"; exec sleep 100000\n',
        '.env': Object.entries(SECRETS)
          .map(([name, value]) => `${name}=${quoted(value)}\n`)
          .join(''),
      },
    });
    chmodSync(join(stage.stackFolder, '.env'), 0o600);
  });
  after(() => stage.close());

  test('target never healthy: error and nothing served, as before, workers not booted, boot errors do not leave the lock in place', async () => {
    const up = await stage.reeve('up', '--json');
    assert.equal(up.exit, 1, up.stdout + up.stderr);
    assert.equal((JSON.parse(up.stdout) as { error: ErrorReport }).error.code, 'gate.exited');
    // The edge is not started before there is something to serve.
    assert.match(await ask().catch(String), /^404$|ECONNREFUSED/);
    const { instances } = await stage.client.call('agentStatus', {});
    assert.equal(instances, 0);
    assert.equal((await run('lock', 'current', '--stack', 'peer')).stdout.trim(), 'free');
    assert.equal((await run('logs', 'worker')).stdout, '');
  });

  test('rollback without old version', async () => {
    change('first');
    await deployed();
    const end = await run('rollback', '--json');
    assert.deepEqual([end.code, errorOf(end).code], [2, 'release.none']);
    assert.match(await ask(), /^release /);
  });

  test('hooks run in order with env', async () => {
    const order = join(stage.env.REEVE_HOME!, 'stacks/peer/shared/order');
    writeFileSync(order, '');
    change('hooks');
    const release = await deployed();
    const line = (name: string): string => `${name} release=${release} stack=peer ${SECRETS.UTF8}`;
    assert.deepEqual(
      readFileSync(order, 'utf8').trim().split('\n'),
      ['compile', 'check', 'migrate', 'announce'].map(line),
    );
  });

  test('secrets with quotes, UTF-8 and $() reach the program as they are', () => {
    const script = 'process.stdout.write(JSON.stringify(process.env))';
    const reeve = join(projectRoot, 'bin/reeve');
    const text = execFileSync(reeve, ['exec', 'web', '--', process.execPath, '-e', script], {
      cwd: stage.stackFolder,
      env: stage.env,
      encoding: 'utf8',
    });
    const env = JSON.parse(text) as Record<string, string>;
    for (const [name, value] of Object.entries(SECRETS)) assert.equal(env[name], value, name);
  });

  test('binary-safe exec, in and out', () => {
    const bytes = Buffer.concat([randomBytes(200_000), Buffer.from([0, 255, 13, 10, 4, 27])]);
    const { stdout, status } = spawnSync(join(projectRoot, 'bin/reeve'), ['exec', 'web', '--', 'cat'], {
      cwd: stage.stackFolder,
      env: stage.env,
      input: bytes,
    });
    assert.equal(status, 0);
    assert.ok(stdout.equals(bytes), `${stdout.length} of ${bytes.length} bytes`);
  });

  test('deploy, redeploy, rollback, details, audit', async () => {
    const old = (await stage.status()).release!.id;
    change('redeploy');
    const release = await deployed();
    assert.equal(await ask(), `release ${release}`);
    const again = await run('deploy');
    assert.match(again.stdout, /Nothing to do/);
    assert.equal((await run('rollback')).code, 0);
    assert.equal(await ask(), `release ${old}`);
    const details = JSON.parse((await run('releases', '--json')).stdout) as { id: number; state: string }[];
    assert.deepEqual(
      details.filter(({ id }) => id === old || id === release).map(({ id, state }) => [id, state]),
      [
        [release, 'stable'],
        [old, 'current'],
      ],
    );
    const audit = (await run('audit', '--json')).stdout;
    assert.match(audit, /"by":"ada","what":"deploy peer"/);
    assert.match(audit, /"by":"ada","what":"roll peer back"/);
  });

  test('broken image: the old version still serves, workers not booted', async () => {
    const [release, worker] = [await ask(), await pidOf('worker')];
    stage.write('web.mjs', PROGRAMS.exitsAtOnce);
    const broken = await run('deploy', '--json');
    assert.deepEqual([broken.code, errorOf(broken).code], [1, 'gate.exited']);
    assert.match(errorOf(broken).log!.join('\n'), /exits-at-once: line 30/);
    assert.equal(await ask(), release);
    assert.equal(await pidOf('worker'), worker);
    const { id } = (await stage.client.call('releases', { params: { stack: 'peer' } }))[0]!;
    assert.doesNotMatch((await run('logs', 'worker')).stdout, new RegExp(`release ${id}$`, 'm'));
  });

  test('drain: completes within its time, and must be cancelled after it', async () => {
    change('drain');
    await deployed();
    const before = await ask();
    const short = ask('/?ms=1200');
    const endless = callDoor(stage.edgePort, { host: 'peer.localhost', path: '/?ms=600000' }).then(
      ({ status }) => status,
      () => 'ended',
    );
    await eventually('both are under way', async () =>
      /requests_in_flight\{[^}]*"web"[^}]*\} [2-9]/.test(await metrics()),
    );
    change('drain again');
    const began = performance.now();
    const release = await deployed();
    assert.equal(await short, before);
    assert.ok([502, 504, 'ended'].includes(await endless));
    assert.ok(performance.now() - began < 60_000);
    assert.equal(await ask(), `release ${release}`);
  });

  const metrics = async (): Promise<string> => (await run('metrics')).stdout;

  test('refused while locked, at once or after --wait, and the outside lock stays when a deploy is refused', async () => {
    assert.equal(
      (await run('lock', 'acquire', 'export', '--task', 'nightly', '--pid', String(process.pid))).code,
      0,
    );
    change('locked');
    const pid = await pidOf('web');
    const refused = await run('deploy', '--json');
    assert.deepEqual([refused.code, errorOf(refused).code], [2, 'lock.held']);
    assert.match(errorOf(refused).message, /export/);
    const waited = await run('deploy', '--wait', '300ms', '--json');
    assert.deepEqual([waited.code, errorOf(waited).code], [4, 'lock.not-obtained']);
    assert.equal((await run('lock', 'current')).stdout.trim(), 'export');
    assert.equal(await pidOf('web'), pid);
    const waiting = run('deploy', '--wait', '60s');
    assert.equal((await run('lock', 'release', '--task', 'nightly')).code, 0);
    assert.equal((await waiting).code, 0, 'it goes on when the lock is free');
    assert.equal((await run('lock', 'current')).stdout.trim(), 'free');
  });

  test('two operators racing: one release after the other, the latest wins, one copy is left', async () => {
    const ends: Promise<CliEnd>[] = [];
    for (const mark of ['race 1', 'race 2', 'race 3', 'race 4']) {
      change(mark);
      ends.push(run('deploy', '--json'));
    }
    const codes = (await Promise.all(ends)).map(({ code }) => code);
    assert.ok(codes.includes(0), codes.join());
    await eventually('nothing runs', async () =>
      (await stage.client.call('listChanges', { query: { limit: 20 } })).every(
        ({ closedAt }) => closedAt !== null,
      ),
    );
    assert.match((await run('plan', '--check')).stdout, /Nothing to do/);
    const { services, release, lock } = await stage.status();
    assert.deepEqual(
      services.map(({ instances }) => instances.length),
      [1, 1],
    );
    assert.equal(await ask(), `release ${release?.id}`);
    assert.equal(lock.owner, 'free');
  });

  test('two apps on one proxy, remove one leaves the other', async () => {
    const folder = join(stage.folder, 'neighbour');
    mkdirSync(folder);
    writeFileSync(join(folder, 'reeve.yaml'), OTHER_FILE);
    writeFileSync(join(folder, 'web.mjs'), PROGRAMS.good);
    const there = (...argv: string[]): Promise<CliEnd> =>
      cli(argv, { env: stage.env as Readonly<Record<string, string>>, cwd: folder });
    const mine = await pidOf('web');
    const up = await there('up');
    assert.equal(up.code, 0, up.stderr);
    assert.deepEqual(
      [await ask('/', 'neighbour.localhost'), (await ask()).startsWith('release')],
      ['release 1', true],
    );
    const { services } = await stage.client.call('stackStatus', { params: { stack: 'neighbour' } });
    const pid = services[0]!.instances[0]!.pid!;
    assert.equal((await there('down', '--purge', '--yes-i-mean', 'neighbour')).code, 0);
    assert.equal(isRunning(pid), false);
    assert.equal(await ask('/', 'neighbour.localhost'), '404');
    assert.match(await ask(), /^release/);
    assert.equal(await pidOf('web'), mine);
  });
});
