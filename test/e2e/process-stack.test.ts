// The rows of a process stack (P) and what other systems share with it: migrations, workers, scaling, variables, builds.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

const WORKER = `
  const id = process.env.REEVE_INSTANCE;
  console.log(id + ': took a job');
  let isOver = false;
  process.on('SIGTERM', () => { isOver = true; console.log(id + ': finishes its job first'); });
  const work = setInterval(() => {
    if (!isOver) return;
    clearInterval(work);
    setTimeout(() => console.log(id + ': finished'), 300);
  }, 20);
`;

const API = `
  import { createServer } from 'node:http';
  import { existsSync } from 'node:fs';
  if (!existsSync('data/migrated')) { console.error('no tables'); process.exit(1); }
  const began = Date.now();
  createServer((request, response) => {
    const isLoading = Date.now() - began < 600;
    response.statusCode = isLoading ? 503 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isLoading ? { status: 'degraded', message: 'loading the model' } : { status: 'ok' }));
  }).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('api: listening'));
`;

const STACK = `name: protea
env_files: [secrets.env]
source: { folder: ., exclude: [secrets.env] }
required:
  - DATABASE_URL
  - { name: JWT_SECRET, when: { AUTHN_REQUIRED: "true" } }
services:
  worker:
    run: $REEVE_NODE worker.mjs
    health: { log: "took a job", settle: 50ms }
    replicas: 2
    depends_on: [{ service: api, condition: healthy }]
    stop: { grace: 5s }
  api:
    run: $REEVE_NODE api.mjs
    route: protea.localhost
    health: { http: /health, interval: 200ms, settle: 100ms, within: 120s }
jobs:
  migrate:
    phase: before
    run: sh migrate.sh
  web-build:
    phase: build
    run: sh build.sh
  export:
    phase: manual
    run: echo exported
shared: [data]
cache: [built]
bake: 0s
warm: 0s
`;

describe('a process stack', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'protea',
      files: {
        'reeve.yaml': STACK,
        'worker.mjs': WORKER,
        'api.mjs': API,
        'migrate.sh': 'touch data/migrated\n',
        'build.sh':
          'mkdir -p built; [ -e built/seen ] && echo warm >> built/log || echo cold >> built/log; touch built/seen\n',
        'secrets.env': 'AUTHN_REQUIRED=true\n',
      },
    });
    chmodSync(join(stage.stackFolder, 'secrets.env'), 0o600);
  });

  after(() => stage.close());

  const lines = async (service: string): Promise<string[]> => {
    const { stdout } = await stage.reeve('logs', service, '--tail', '10000', '--json');
    return stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { text: string }).text);
  };

  test('P4 names every missing variable at once, also the one that another makes required, before anything starts', async () => {
    const refused = await stage.reeve('up');
    assert.equal(refused.exit, 2, refused.stderr);
    assert.match(refused.stderr, /DATABASE_URL/);
    assert.match(refused.stderr, /JWT_SECRET/);
    assert.match(refused.stderr, /reeve\.yaml:5:5/, 'where the file says so');
    assert.ok(!existsSync(join(stage.env.REEVE_HOME!, 'stacks/protea/run')));
  });

  test('P4 refuses a secrets file that others may read', async () => {
    stage.write(
      'secrets.env',
      'AUTHN_REQUIRED=true\nDATABASE_URL=postgres://x\nJWT_SECRET=abcdef0123456789\n',
    );
    chmodSync(join(stage.stackFolder, 'secrets.env'), 0o644);
    const refused = await stage.reeve('up');
    assert.equal(refused.exit, 2);
    assert.match(refused.stderr, /chmod 600/);
    chmodSync(join(stage.stackFolder, 'secrets.env'), 0o600);
  });

  test('P1 P2 W3 migrates first, starts what others depend on first, and waits while it is degraded', async () => {
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
    const { plan, records } = await stage.lastChange();
    const order = records
      .filter(({ event }) => event === 'intent')
      .map(({ step }) => plan.steps.find(({ id }) => id === step)!)
      .filter(({ kind }) => ['run-job', 'start-instances', 'pass-gate'].includes(kind))
      .map(
        ({ kind, args }) =>
          `${kind} ${'job' in args ? args.job : 'service' in args ? args.service : 'places' in args ? args.places.map(({ service }) => service).join() : ''}`,
      );
    assert.deepEqual(order, [
      'run-job web-build',
      'run-job migrate',
      'start-instances api',
      'pass-gate api',
      'start-instances worker,worker',
      'pass-gate worker',
    ]);
    const gate = plan.steps.find(({ kind }) => kind === 'pass-gate')!;
    const [began, ended] = ['intent', 'done'].map(
      (event) => records.find((record) => record.step === gate.id && record.event === event)!.at,
    );
    assert.ok(ended! - began! >= 500, 'the gate waited for the model');
  });

  test('S11 status shows each service with state, port, process and address', async () => {
    const { stdout } = await stage.reeve('status');
    assert.match(stdout, /worker\b/);
    assert.match(stdout, /api\s+● healthy/);
    assert.match(stdout, new RegExp(`http://protea\\.localhost:${stage.edgePort}/`));
    const flat = await stage.reeve('ps');
    assert.match(flat.stdout, /worker-2-blue/);
  });

  test('P3 scales a queue up and down, and a worker finishes its job first', async () => {
    const up = await stage.reeve('scale', 'worker=3');
    assert.equal(up.exit, 0, up.stderr);
    assert.equal((await workers(stage)).length, 3);
    const down = await stage.reeve('scale', 'worker=1');
    assert.equal(down.exit, 0, down.stderr);
    assert.equal((await workers(stage)).length, 1);
    await eventually('both said that they finished', async () => {
      const said = await lines('worker');
      return ['worker-2-blue', 'worker-3-blue'].every((id) => said.includes(`${id}: finished`));
    });
  });

  test('P3 stops and starts one service, and leaves the other alone', async () => {
    const api = (await stage.status()).services.find(({ service }) => service === 'api')!.instances[0]!.pid;
    assert.equal((await stage.reeve('stop', 'worker')).exit, 0);
    assert.equal(
      (await stage.status()).services.find(({ service }) => service === 'worker')!.isStopped,
      true,
    );
    assert.equal((await stage.reeve('start', 'worker')).exit, 0);
    assert.equal((await workers(stage)).length, 1, 'as many as it was scaled to');
    assert.equal(
      (await stage.status()).services.find(({ service }) => service === 'api')!.instances[0]!.pid,
      api,
    );
  });

  test('P11 builds in a clean release folder, with the cache of the build before', async () => {
    stage.write('worker.mjs', `${WORKER}\n// again\n`);
    const deploy = await stage.reeve('deploy');
    assert.equal(deploy.exit, 0, deploy.stderr);
    const log = readFileSync(join(stage.env.REEVE_HOME!, 'stacks/protea/releases/2/tree/built/log'), 'utf8');
    assert.equal(log, 'cold\nwarm\n');
  });

  test('runs a job by hand', async () => {
    const ran = await stage.reeve('run', 'export');
    assert.equal(ran.exit, 0, ran.stderr);
    const { id } = await stage.lastChange();
    assert.deepEqual(await lines(`job-${id}-export`), ['exported']);
  });

  test('W6 refuses logs of what there is not, and a command beside what does not run (logs.unknown, exec.not-running)', async () => {
    const logs = await stage.reeve('logs', 'wroker', '--json');
    assert.equal(logs.exit, 2);
    assert.match(logs.stdout, /logs\.unknown|service\.unknown/);
    assert.equal((await stage.reeve('stop', 'worker')).exit, 0);
    const exec = await stage.reeve('exec', 'worker', '--json', '--', 'true');
    assert.equal(exec.exit, 2);
    assert.match(exec.stdout, /exec\.not-running/);
    assert.equal((await stage.reeve('start', 'worker')).exit, 0);
  });

  test('S9 rolls back to the release before', async () => {
    const back = await stage.reeve('rollback');
    assert.equal(back.exit, 0, back.stderr);
    assert.equal((await stage.status()).release?.id, 1);
    const left = (await stage.client.call('releases', { params: { stack: 'protea' } })).find(
      ({ id }) => id === 2,
    );
    assert.match(left?.reason ?? '', /went back from it/);
    const again = await stage.reeve('deploy', '--force');
    assert.equal(again.exit, 0, again.stderr);
    const past = await stage.reeve('rollback');
    assert.equal(past.exit, 0, past.stderr);
    assert.equal((await stage.status()).release?.id, 1, 'past what was gone back from');
  });

  test('W6 tells the health of each service, and exits 1 when one is not well', async () => {
    assert.equal((await stage.reeve('health')).exit, 0);
    assert.equal((await stage.reeve('stop', 'worker')).exit, 0);
    const health = await stage.reeve('health', 'worker');
    assert.equal(health.exit, 1, health.stdout);
  });
});

const workers = async (stage: Stage) =>
  (await stage.status()).services.find(({ service }) => service === 'worker')!.instances;
