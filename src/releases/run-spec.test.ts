import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aRelease } from '../../test/worlds/release-builder.ts';
import { buildJob, buildService } from '../../test/worlds/stack-builder.ts';
import { Defect } from '../model/error.ts';
import type { Service } from '../model/stack.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { describeInstance, describeJob } from './run-spec.ts';

const context = {
  layout: { home: '/state', socket: '/state/agent.sock' },
  agentEnv: { PATH: '/bin', HOME: '/root', LANG: 'C.UTF-8', AWS_SECRET: 'never' },
  findUser: (name: string) => (name === 'app' ? { uid: 1, gid: 1, home: '/home/app' } : null),
};
const blue: DesiredInstance = {
  service: 'web',
  slot: 1,
  seat: 'blue',
  release: 4,
  fingerprint: 'f',
  port: 4001,
  warmUntil: null,
};
const release = aRelease({ id: 4 });
const describeWeb = (parts: Partial<Service> = {}, env = {}, instance = blue, of = release) =>
  describeInstance(context, of, { service: { ...buildService('web'), ...parts }, instance, env });

describe('describeInstance', () => {
  it('gives the program its variables, those of Reeve, and a few of the agent', () => {
    assert.deepEqual(describeWeb({}, { LOG_LEVEL: 'info', LANG: 'de_DE' }).env, {
      PATH: '/bin',
      HOME: '/root',
      LANG: 'de_DE',
      LOG_LEVEL: 'info',
      PORT: '4001',
      REEVE_STACK: 'shop',
      REEVE_SERVICE: 'web',
      REEVE_INSTANCE: 'web-1-blue',
      REEVE_RELEASE: '4',
      REEVE_SHARED: '/state/stacks/shop/shared',
    });
  });

  it('lets no variable of a stack stand in for one of Reeve', () => {
    const { env } = describeWeb(
      {},
      { PORT: '1', REEVE_RELEASE: '1', REEVE_SHARED: '/', REEVE_INSTANCE: 'x' },
    );
    assert.deepEqual([env.PORT, env.REEVE_RELEASE, env.REEVE_INSTANCE], ['4001', '4', 'web-1-blue']);
    assert.equal(describeWeb({}, { PORT: '1' }, { ...blue, port: null }).env.PORT, '1');
  });

  it('gives a user the home of that user', () => {
    const { env, user } = describeWeb({ user: 'app' });
    assert.deepEqual([user, env.HOME, env.USER, env.LOGNAME], ['app', '/home/app', 'app', 'app']);
    assert.equal(describeWeb({ user: 'nobody-here' }).env.HOME, '/');
  });

  it('expands variables in the command', () => {
    const command = { argv: ['serve', '--port', '$PORT', '--data=${REEVE_SHARED}/data'], shell: false };
    assert.deepEqual(describeWeb({ command }).command.argv, [
      'serve',
      '--port',
      '4001',
      '--data=/state/stacks/shop/shared/data',
    ]);
  });

  it('runs in the tree of the release, in a folder of it, or in an absolute one', () => {
    const folder = (workingFolder: string) => describeWeb({ workingFolder }).workingFolder;
    assert.equal(folder(''), '/state/stacks/shop/releases/4/tree');
    assert.equal(folder('apps/web/'), '/state/stacks/shop/releases/4/tree/apps/web');
    assert.equal(folder('/srv'), '/srv');
    assert.throws(() => folder('../../..'), Defect);
  });

  it('has a fingerprint of this exact run', () => {
    const { fingerprint } = describeWeb();
    assert.equal(describeWeb().fingerprint, fingerprint);
    const others = [
      describeWeb({}, { A: '1' }),
      describeWeb({}, {}, { ...blue, seat: 'green' }),
      describeWeb({}, {}, blue, aRelease({ id: 5 })),
    ];
    for (const other of others) assert.notEqual(other.fingerprint, fingerprint);
  });
});

describe('describeJob', () => {
  it('names the run after its change, without port and limits', () => {
    const spec = describeJob(context, release, {
      job: buildJob('migrate', 'before'),
      change: 12,
      env: { A: '1' },
    });
    assert.equal(spec.id, 'job-12-migrate');
    assert.equal(spec.stdoutPath, '/state/stacks/shop/logs/jobs/12-migrate.out');
    assert.deepEqual([spec.env.REEVE_JOB, spec.env.A, spec.env.PORT], ['migrate', '1', undefined]);
    assert.deepEqual(spec.limits, { memoryBytes: null, cpus: null, tasks: null });
  });
});
