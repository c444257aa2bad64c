// The agent is killed; what it runs goes on, and the next agent knows all of it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const WRITER = `
  let line = 0;
  setInterval(() => console.log('line ' + (line += 1)), 5);
`;

const FRAIL = `
  console.log('frail: up');
  process.on('SIGUSR2', () => process.exit(42));
  setInterval(() => {}, 1000);
`;

let stage: Stage;

after(() => stage.close());

test('an agent started after a SIGKILL finds the same processes, every log line, and how the dead ended', async () => {
  const more = `
`;
  const file = webStackFile({ name: 'adopted', more }).replace(
    '\nbake:',
    `
  writer:
    run: $REEVE_NODE writer.mjs
    health: { log: "line 3", settle: 100ms }
  frail:
    run: $REEVE_NODE frail.mjs
    health: { log: "frail: up", settle: 100ms }
    restart: never
bake:`,
  );
  stage = await openStage({
    stack: 'adopted',
    files: { 'reeve.yaml': file, 'web.mjs': PROGRAMS.good, 'writer.mjs': WRITER, 'frail.mjs': FRAIL },
  });
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
  const before = await instancePids(stage);

  const load = startLoad({ port: stage.edgePort, host: 'adopted.localhost' });
  const agent = await stage.agentPid();
  process.kill(agent, 'SIGKILL');
  await eventually('the agent is gone', () => !isRunning(agent));
  process.kill(before.frail!, 'SIGUSR2');
  await eventually('frail is gone', () => !isRunning(before.frail!));
  const start = await stage.reeve('agent', 'start');
  assert.equal(start.exit, 0, start.stderr);
  const { dropped, errors, requests } = await load.stop();

  assert.ok(requests > 0);
  assert.deepEqual({ dropped, errors }, { dropped: 0, errors: 0 });
  const now = await instancePids(stage);
  assert.equal(now.web, before.web);
  assert.equal(now.writer, before.writer);
  const frail = (await stage.status()).services.find(({ service }) => service === 'frail')!.instances[0]!;
  assert.equal(frail.lastExit?.code, 42, 'the exit code of one that died while there was no agent');

  const logs = await stage.reeve('logs', 'writer', '--tail', '1000000', '--json');
  const lines = logs.stdout
    .trim()
    .split('\n')
    .map((line) => Number(/line (\d+)/.exec(line)?.[1]));
  assert.ok(lines.length > 50);
  assert.deepEqual(
    lines,
    lines.map((_, index) => index + 1),
    'no line lost, none doubled',
  );
});

test('a second agent on the same state folder is refused with the pid of the first', async () => {
  const pid = await stage.agentPid();
  const second = await stage.reeve('agent', 'start', '--foreground');
  assert.equal(second.exit, 2);
  assert.match(second.stderr, new RegExp(`process ${pid} is its agent`));
  assert.equal(await stage.agentPid(), pid);
});

const instancePids = async (on: Stage): Promise<Record<string, number | null>> =>
  Object.fromEntries(
    (await on.status()).services.map(({ service, instances }) => [service, instances[0]?.pid ?? null]),
  );
