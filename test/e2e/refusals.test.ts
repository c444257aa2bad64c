// Exit codes as the real CLI and agent give them, and that a refused command leaves everything as it was.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openStage, projectRoot, type Ran, runProgram, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const JOBS = 'jobs: { fails: { phase: manual, run: sh -c "exit 3" } }\n';

describe('a running stack', () => {
  let stage: Stage;
  const reeve = (line: string): Promise<Ran> => stage.reeve(...line.split(' '));

  before(async () => {
    const file = webStackFile({ name: 'kept', more: JOBS });
    stage = await openStage({ stack: 'kept', files: { 'reeve.yaml': file, 'web.mjs': PROGRAMS.good } });
    stage.write('broken.yaml', file.replace('deploy: swap', 'deploy: swop'));
    stage.write('bare.yaml', `${file}required: [DATABASE_URL]\n`);
    stage.write(
      'other/reeve.yaml',
      webStackFile({ name: 'other' }).replace('other.localhost', 'kept.localhost'),
    );
    stage.write('other/web.mjs', PROGRAMS.good);
    const up = await reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(() => stage.close());

  describe('is asked, and the exit code', () => {
    test('is 0 when it was done, also when there was nothing to do', async () => {
      assert.equal((await reeve('up')).exit, 0);
    });

    test('is 1 when it was tried and failed, or what was asked for is not so', async () => {
      assert.equal((await reeve('run fails')).exit, 1);
      assert.equal((await reeve('stop web')).exit, 0);
      assert.equal((await reeve('health')).exit, 1);
      assert.equal((await reeve('start web')).exit, 0);
    });

    test('is 2 when it was refused', async () => {
      assert.equal((await reeve('scale nothing=1')).exit, 2);
      assert.equal((await reeve('scael web=1')).exit, 2);
    });

    test('is 3 when the lock is not the caller’s, and 4 when it was not obtained in time', async () => {
      await reeve('lock acquire export --task nightly');
      assert.equal((await reeve('lock release --task another')).exit, 3);
      assert.equal((await reeve('deploy --force --wait 10ms')).exit, 4);
      assert.equal((await reeve('lock acquire bob --task b --wait 10ms')).exit, 4);
      await reeve('lock release --task nightly');
    });

    test('is 5 when plan --check finds something to do', async () => {
      assert.equal((await reeve('plan --check')).exit, 0);
      assert.equal((await reeve('plan --check --force')).exit, 5);
    });

    test('is 69 when no agent answers', async () => {
      const home = mkdtempSync(join(tmpdir(), 'reeve-none-'));
      const env = { ...stage.env, REEVE_HOME: home };
      const ran = await runProgram(join(projectRoot, 'bin/reeve'), ['status'], stage.stackFolder, env);
      rmSync(home, { recursive: true });
      assert.equal(ran.exit, 69);
    });

    test('is 130 when it was interrupted', async () => {
      const logs = stage.start('logs', '--follow');
      await logs.says(/good: listening/);
      logs.child.kill('SIGINT');
      assert.equal((await logs.ended).exit, 130);
    });

    test('is the command’s own for exec and lock run', async () => {
      assert.equal((await stage.reeve('exec', 'web', '--', 'sh', '-c', 'exit 9')).exit, 9);
      assert.equal((await stage.reeve('lock', 'run', '--', 'sh', '-c', 'exit 7')).exit, 7);
    });
  });

  type Refused = readonly [line: string, exit: number, code: string];

  const REFUSED: readonly Refused[] = [
    ['deploy --file broken.yaml', 2, 'stack.invalid'],
    ['deploy --file bare.yaml', 2, 'env.invalid'],
    ['deploy --file nowhere.yaml', 2, 'cli.no-file'],
    ['deploy --ref v2', 2, 'source.no-ref'],
    ['up --file other/reeve.yaml', 2, 'route.taken'],
    ['rollback', 2, 'release.none'],
    ['rollback 99', 2, 'release.unknown'],
    ['scale nothing=1', 2, 'service.unknown'],
    ['scale web=101', 2, 'cli.usage'],
    ['restart nothing', 2, 'service.unknown'],
    ['run nothing', 2, 'job.unknown'],
    ['exec nothing -- true', 2, 'service.unknown'],
    ['logs nothing', 2, 'logs.unknown'],
    ['logs job-1-nothing', 2, 'logs.unknown'],
    ['changes show 99', 2, 'change.unknown'],
    ['changes cancel 1', 2, 'change.ended'],
    ['down --stack nothing', 2, 'stack.unknown'],
    ['down --purge', 2, 'cli.not-confirmed'],
    ['down --purge --yes-i-mean other', 2, 'cli.not-confirmed'],
    ['init', 2, 'init.exists'],
    ['agent start --foreground', 2, 'agent.running'],
    ['lock acquire free --task t', 2, 'lock.bad-owner'],
    ['lock acquire ann --task t --pid 4194305', 2, 'lock.no-process'],
  ];

  const REFUSED_WHILE_HELD: readonly Refused[] = [
    ['deploy --force', 2, 'lock.held'],
    ['restart', 2, 'lock.held'],
    ['down', 2, 'lock.held'],
    ['lock acquire ann --task other', 2, 'lock.held'],
    ['lock release --task other', 3, 'lock.not-holder'],
    ['lock release --force --yes-i-mean ann', 3, 'lock.not-holder'],
    ['lock run -- touch ran', 2, 'lock.held'],
  ];

  const changesNothing = ([line, exit, code]: Refused): Promise<void> =>
    test(`refuses ${line} with ${code}, exits with ${exit}, and stays as it is`, async () => {
      const was = await traces(stage);
      const ran = await stage.reeve('--json', ...line.split(' '));
      const { error } = JSON.parse(ran.stdout) as { error: { code: string } };
      assert.deepEqual([ran.exit, error.code], [exit, code], ran.stdout);
      assert.deepEqual(await traces(stage), was);
    });

  for (const refused of REFUSED) void changesNothing(refused);

  describe('that somebody else holds', () => {
    before(() => reeve('lock acquire export --task nightly'));
    after(() => reeve('lock release --task nightly'));
    for (const refused of REFUSED_WHILE_HELD) void changesNothing(refused);
  });

  test('refuses a stack onto a port that another program has, and stays as it is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    stage.write(
      'ported.yaml',
      webStackFile({ name: 'ported' }).replace('route:', `port: ${port}\n    route:`),
    );
    const was = await traces(stage);
    const deploy = await reeve('deploy --file ported.yaml');
    server.close();
    assert.equal(deploy.exit, 2, deploy.stderr);
    assert.match(deploy.stderr, new RegExp(`^Cannot give port ${port} to "web"`));
    assert.deepEqual(await traces(stage), was);
  });
});

test('a refused command leaves no state folder where there was none', async () => {
  const home = join(mkdtempSync(join(tmpdir(), 'reeve-none-')), 'state');
  const env = { ...process.env, REEVE_HOME: home };
  for (const line of [
    'up',
    'deploy --file nowhere.yaml',
    'lock status --stack shop',
    'plan',
    'logs --stack shop',
  ]) {
    await runProgram(join(projectRoot, 'bin/reeve'), line.split(' '), '/', env);
    assert.deepEqual(globSync(`${home}/**`), [], line);
  }
  rmSync(join(home, '..'), { recursive: true });
});

// All that a command could have left: files, what people see of the stack, changes, the lock, and processes.
const traces = async (stage: Stage): Promise<unknown> => {
  const home = stage.env.REEVE_HOME!;
  const { release, services, lock, change } = await stage.status();
  // Planning takes the lock for a moment, and every acquisition has a number of its own.
  const { fencing: _fencing, ...held } = lock;
  const { pid } = await stage.client.call('agentStatus', {});
  return {
    files: globSync('**', { cwd: stage.folder }).toSorted(),
    stackFile: readFileSync(join(stage.stackFolder, 'reeve.yaml'), 'utf8'),
    changes: await stage.client.call('listChanges', { query: {} }),
    releases: await stage.client.call('releases', { params: { stack: 'kept' } }),
    stacks: (await stage.client.call('listStacks', {})).map(({ stack }) => stack),
    sites: (await stage.client.call('edgeStatus', {})).sites,
    services: services.map(({ service, replicas, instances }) => ({
      service,
      replicas,
      pids: instances.map((instance) => instance.pid),
    })),
    agent: pid,
    release,
    held,
    change,
    shims: processesNaming(home),
  };
};

const processesNaming = (text: string): string[] =>
  globSync('/proc/[0-9]*/cmdline')
    .flatMap((path) => {
      try {
        return readFileSync(path, 'utf8').includes(text) ? [path] : [];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code) return [];
        throw error;
      }
    })
    .toSorted();
