import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

let stage: Stage;

after(() => stage.close());

test('down leaves no process, no port and no temporary file, and keeps releases and logs', async () => {
  const file = webStackFile({ name: 'gone', replicas: 2, warm: '10m' }).replace(
    '\nbake:',
    `
  forker:
    run: "(setsid sleep 1000 &) ; setsid sh -c 'sleep 1000 & sleep 1000' & echo forked; exec sleep 1000"
    shell: true
    health: { log: forked, settle: 100ms }
bake:`,
  );
  stage = await openStage({ stack: 'gone', files: { 'reeve.yaml': file, 'web.mjs': PROGRAMS.good } });
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
  stage.edit('web.mjs', 'good: listening', 'good: still listening');
  assert.equal((await stage.reeve('deploy')).exit, 0);
  const ports = (await stage.status()).services
    .flatMap(({ instances }) => instances.map(({ port }) => port))
    .filter(isNumber);
  const marked = processesWith('REEVE_STACK=gone');
  assert.ok(marked.length >= 8, `web, its warm copies and the forker's children run: ${marked.length}`);

  const down = await stage.reeve('down');

  assert.equal(down.exit, 0, down.stderr);
  assert.deepEqual(marked.filter(isRunning), []);
  assert.deepEqual(processesWith('REEVE_STACK=gone'), []);
  for (const port of [...ports, stage.edgePort]) {
    await eventually(`nothing listens on ${port}`, async () => !(await accepts(port)));
  }
  const files = readdirSync(stage.env.REEVE_HOME!, { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((name) => /\.tmp$|\/run\/[^/]+\/|\/flags\/gone/.test(name)),
    [],
  );
  assert.ok(
    files.some((name) => name.startsWith('stacks/gone/releases/')),
    'releases stay',
  );
  assert.ok(
    files.some((name) => name.startsWith('stacks/gone/logs/web/')),
    'logs stay',
  );

  const again = await stage.reeve('up');
  assert.equal(again.exit, 0, again.stderr);
});

test('down --purge asks for the name, and then leaves nothing of the stack', async () => {
  const refused = await stage.reeve('down', '--purge');
  assert.equal(refused.exit, 2, 'without a terminal the name has to be given');
  assert.notEqual((await stage.status()).services[0]!.isStopped, true);
  const purged = await stage.reeve('down', '--purge', '--yes-i-mean', 'gone');
  assert.equal(purged.exit, 0, purged.stderr);
  const files = readdirSync(stage.env.REEVE_HOME!, { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((name) => name.includes('gone')),
    [],
  );
});

const isNumber = (port: number | null): port is number => port !== null;

const processesWith = (variable: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isRunning(pid) && readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(variable));

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
