// More scenarios of the list that field-scenarios.test.ts begins with: who may do what beside whom, and which agent it is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ErrorReport } from '../../src/model/error.ts';
import { type CliEnd, cli } from '../worlds/cli-world.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { processesOfStack } from '../worlds/crash-stage.ts';
import { callDoor } from '../worlds/edge-stand.ts';
import { makeRepository, type Repository } from '../worlds/git-repository.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

const NAME = 'matrix';

const WEB = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const version = readFileSync('version.txt', 'utf8');
createServer((request, response) => response.end(version)).listen(Number(process.env.PORT), '127.0.0.1');
`;

const STACK = `name: ${NAME}
source: { git: ../repository, ref: main }
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${NAME}.localhost
    health: { http: /up, interval: 300ms, settle: 50ms }
    stop: { grace: 1s }
    drain: 2s
jobs:
  report: { phase: manual, run: echo reported }
bake: 0s
warm: 0s
`;

let stage: Stage;
let repository: Repository;

const run = (line: string): Promise<CliEnd> =>
  cli(line.split(' '), {
    env: stage.env as Readonly<Record<string, string>>,
    cwd: stage.stackFolder,
  });
/** Of a revision that says its own name. */
const push = (version: string): string => {
  repository.write({ 'version.txt': version });
  return repository.commit(version);
};

before(async () => {
  stage = await openStage({ stack: NAME, files: { 'reeve.yaml': STACK } });
  repository = makeRepository(join(stage.folder, 'repository'));
  repository.write({ 'web.mjs': WEB });
  for (const version of ['one', 'two']) {
    push(version);
    const { code, stderr } = await run('deploy');
    assert.equal(code, 0, stderr);
  }
});

after(() => stage.close());

test('K25 the revision that is verified as deployed is the one that is served', async () => {
  for (const version of ['three', 'four', 'five']) {
    const revision = push(version);
    assert.equal((await run('deploy')).code, 0);
    assert.equal((await stage.status()).release?.revision, revision);
    assert.equal((await callDoor(stage.edgePort, { host: `${NAME}.localhost` })).body, version);
    const [line] = await stage.client.call('releases', { params: { stack: NAME }, query: { limit: 1 } });
    assert.equal(line?.revision, revision);
  }
  assert.equal((await run('rollback')).code, 0);
  assert.equal((await callDoor(stage.edgePort, { host: `${NAME}.localhost` })).body, 'four');
});

describe('L7 beside a lock that export holds', () => {
  const REFUSED = [
    'deploy',
    'deploy --force',
    'up',
    'rollback',
    'restart web',
    'scale web=2',
    'stop web',
    'start web',
    'down',
    'run report',
    'lock acquire deploy --task other',
    'lock acquire import --task dump',
    'lock acquire export --task other',
  ];
  const ALLOWED = [
    'status',
    'ps',
    'plan',
    'health',
    'logs',
    'releases',
    'changes',
    'changes show 1',
    'lock status',
    'lock current',
    'lock acquire export --task dump',
    'exec web -- true',
    'metrics',
    'audit',
    'edge routes',
    'validate',
  ];

  before(async () => {
    push('six');
    const { code, stderr } = await run('lock acquire export --task dump --reason nightly');
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    await run('lock release --task dump');
  });

  for (const line of REFUSED) {
    test(`${line} is refused with the holder's name, and nothing is touched`, async () => {
      const before = await stage.status();
      const { code, stdout } = await run(`${line} --json`);
      assert.equal(code, 2, stdout);
      const { error } = JSON.parse(stdout) as { readonly error: ErrorReport };
      assert.equal(error.code, 'lock.held', stdout);
      assert.match(error.message, /"export"/);
      const { release, services, lock } = await stage.status();
      assert.deepEqual(
        [release?.id, services.map(({ replicas }) => replicas), lock.owner, lock.fencing],
        [before.release?.id, before.services.map(({ replicas }) => replicas), 'export', before.lock.fencing],
      );
      assert.deepEqual(pidsOf(services), pidsOf(before.services));
    });
  }

  for (const line of ALLOWED) {
    test(`${line} is answered`, async () => {
      const { code, stderr } = await run(line);
      assert.equal(code, 0, stderr);
    });
  }

  test('what dies is started again: keeping up what is desired is no change', async () => {
    const [pid] = pidsOf((await stage.status()).services);
    process.kill(pid!, 'SIGKILL');
    await eventually('another runs', async () => {
      const { services } = await stage.status();
      const [other] = pidsOf(services);
      return other && other !== pid && services[0]!.health === 'healthy';
    });
    assert.equal((await run('lock current')).stdout.trim(), 'export');
  });

  test('the next agent minds it, and starts nothing that was refused', async () => {
    const before = await stage.status();
    const agent = await stage.agentPid();
    process.kill(agent, 'SIGKILL');
    await eventually('the agent is gone', () => !isRunning(agent));
    assert.equal((await stage.reeve('agent', 'start')).exit, 0);
    const { release, lock, services } = await stage.status();
    assert.deepEqual([release?.id, lock.owner, lock.task], [before.release?.id, 'export', 'dump']);
    assert.deepEqual(pidsOf(services), pidsOf(before.services));
    assert.equal((await run('deploy')).code, 2);
  });

  test('once it is released, the deploy that was refused is made', async () => {
    assert.equal((await run('lock release --task dump')).code, 0);
    assert.equal((await run('deploy')).code, 0);
    assert.equal((await callDoor(stage.edgePort, { host: `${NAME}.localhost` })).body, 'six');
  });
});

test('K20 of six agents that are started at once one has the state folder, and the others say which', async () => {
  assert.equal((await run('agent stop')).code, 0);
  const before = processesOfStack({ name: NAME, folder: stage.folder });
  const starts = Array.from({ length: 6 }, () => stage.start('agent', 'start', '--foreground'));
  let ended = 0;
  for (const { ended: end } of starts) void end.then(() => (ended += 1));
  await eventually('five have given up', () => ended === 5, 30_000);
  const winner = await eventually('the sixth answers', () => stage.agentPid(), 30_000);
  for (const { child, ended: end } of starts) {
    if (child.pid === winner || child.exitCode === null) continue;
    const { exit, stderr } = await end;
    assert.equal(exit, 2, stderr);
    assert.match(stderr, /another agent is starting on it|process \d+ is its agent/);
  }
  assert.deepEqual(processesOfStack({ name: NAME, folder: stage.folder }), before);
  assert.equal(
    (JSON.parse(readFileSync(join(stage.folder, 'state/agent.json'), 'utf8')) as { process: { pid: number } })
      .process.pid,
    winner,
  );
});

const pidsOf = (services: Awaited<ReturnType<Stage['status']>>['services']): readonly (number | null)[] =>
  services.flatMap(({ instances }) => instances.map(({ pid }) => pid));
