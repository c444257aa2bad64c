import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildStack, buildStatus, buildUpstream, buildWorld, NOW } from '../../test/worlds/doctor-world.ts';
import type { Change } from '../model/change.ts';
import type { LockRecord } from '../model/lock.ts';
import { CHECKS, examine } from './examine.ts';
import type { World } from './world.ts';

const codes = async (parts: Partial<World>): Promise<string[]> =>
  (await examine(buildWorld(parts))).findings.map(({ code }) => code);

const withInstance = (parts: Parameters<typeof buildStatus>[0]): Partial<World> => ({
  stacks: async () => [buildStack(buildStatus(parts))],
});

const exit = (code: number | null, signal: string | null = null) => ({ code, signal, at: NOW - 5000 });
const crashed = { activity: 'crash-looping', pid: null, restarts: 9, lastExit: exit(1) } as const;
const edgeDown: World['edge'] = async () => ({ ...(await buildWorld().edge()), isRunning: false, pid: null });

const lock = (parts: Partial<LockRecord>): LockRecord => ({
  stack: 'shop',
  owner: 'export',
  task: 'nightly',
  reason: '',
  acquiredAt: NOW - 60_000,
  holder: { host: 'here', process: { bootId: 'b', pid: 7, startTicks: 1 } },
  fencing: 1,
  takenOverFrom: null,
  ...parts,
});

const slowChange = {
  id: 12,
  stack: 'shop',
  state: 'running',
  openedAt: NOW - 40 * 60_000,
  plan: { sentence: 'Deploy release 12', steps: [{ id: 2, sentence: 'Run job build' }] },
  records: [{ seq: 1, step: 2, event: 'intent', at: NOW - 39 * 60_000, words: null }],
} as unknown as Change;

describe('the doctor', () => {
  it('finds nothing when all is well, and says what it looked at', async () => {
    const { findings, checked } = await examine(buildWorld());
    assert.deepEqual(findings, []);
    assert.deepEqual(checked, Object.keys(CHECKS));
  });

  it('finds nothing when nothing was ever deployed', async () => {
    const empty = {
      stacks: async () => [],
      edge: edgeDown,
      takenPorts: async () => [],
      envFiles: async () => [],
    };
    assert.deepEqual(await codes(empty), []);
  });

  const diskOf = (path: string, free: number, freeInodes = 900_000) => ({
    path,
    freeBytes: free,
    totalBytes: 100 * 1024 ** 3,
    freeInodes,
    totalInodes: 1_000_000,
  });
  const disk = (...left: readonly [free: number, freeInodes?: number]): Partial<World> => ({
    disks: async () => [diskOf('/var/lib/reeve', ...left)],
  });
  const host = (parts: Partial<Awaited<ReturnType<World['host']>>>): Partial<World> => ({
    host: async () => ({ ...(await buildWorld().host()), ...parts }),
  });

  const FAULTS: readonly (readonly [string, Partial<World>, readonly string[]])[] = [
    ['the disk is nearly full', disk(3 * 1024 ** 3), ['doctor.disk-low']],
    ['the disk is full', disk(100 * 1024 ** 2), ['doctor.disk-full']],
    ['the inodes run out', disk(50 * 1024 ** 3, 100), ['doctor.inodes-low']],
    [
      'the disk of the logs alone is full',
      { disks: async () => [diskOf('/var/lib/reeve', 50 * 1024 ** 3), diskOf('/var/lib/reeve/logs', 0)] },
      ['doctor.disk-full'],
    ],
    ['holes can not be punched', { canPunchHoles: async () => false }, ['doctor.no-hole-punching']],
    ['memory is short', host({ memoryAvailableBytes: 1024 }), ['doctor.memory-low']],
    ['few files may be open', host({ openFilesLimit: 1024 }), ['doctor.few-files']],
    ['the kernel is old', host({ kernel: '4.9.0-13-amd64' }), ['doctor.old-kernel']],
    [
      'a lock has a dead holder',
      { locks: async () => [{ record: lock({}), isHolderAlive: false }] },
      ['doctor.lock-orphaned'],
    ],
    [
      'a lock is old',
      {
        locks: async () => [
          { record: lock({ acquiredAt: NOW - 7_200_000, holder: null }), isHolderAlive: null },
        ],
      },
      ['doctor.lock-old'],
    ],
    ['a change runs for ever', { unfinishedChanges: async () => [slowChange] }, ['doctor.change-slow']],
    [
      'an env file is open',
      { envFiles: async () => [{ stack: 'shop', path: '/srv/shop/.env', mode: 0o100640 }] },
      ['doctor.env-file-open'],
    ],
    ['the edge is down', { edge: edgeDown, takenPorts: async () => [22] }, ['doctor.edge-down']],
    ['the edge lost its port', { edge: edgeDown }, ['doctor.edge-port-taken', 'doctor.edge-down']],
    ['a program crashes', withInstance(crashed), ['doctor.crash-looping']],
    [
      'a program crashed once',
      withInstance({ ...crashed, activity: 'waiting', restarts: 1 }),
      ['doctor.restarting'],
    ],
    [
      'a program crashes for want of its port',
      { ...withInstance(crashed), takenPorts: async () => [20_000] },
      ['doctor.port-taken', 'doctor.crash-looping'],
    ],
    ['nothing listens', { listening: async () => [] }, ['doctor.port-silent']],
    [
      'it listens elsewhere',
      { listening: async (pid) => (pid === 100 ? [{ address: '127.0.0.1', port: 3000 }] : []) },
      ['doctor.port-elsewhere'],
    ],
    [
      'it listens in public',
      { listening: async (pid) => (pid === 100 ? [{ address: '[::]', port: 20_000 }] : []) },
      ['doctor.port-public'],
    ],
    ['a probe says no', withInstance({ health: 'unhealthy', words: '500 in 2 ms' }), ['doctor.unhealthy']],
    ['a probe says in part', withInstance({ health: 'degraded', words: 'no mail' }), ['doctor.degraded']],
    [
      'the edge got no answers',
      { recentTraffic: async () => [buildUpstream({ failed: 4 })] },
      ['doctor.edge-refused'],
    ],
    [
      'memory limits are sampled',
      { driver: () => ({ ...buildWorld().driver(), memoryLimit: 'sampled' }) },
      ['doctor.memory-sampled'],
    ],
  ];

  for (const [when, parts, expected] of FAULTS) {
    it(`finds exactly ${expected.join(', then ')} when ${when}`, async () => {
      const { findings } = await examine(buildWorld(parts));
      assert.deepEqual(
        findings.map(({ code }) => code),
        expected,
      );
      for (const { symptom, evidence, cause, fix } of findings) {
        assert.ok(evidence.length > 0);
        for (const text of [symptom, cause, fix]) assert.doesNotMatch(text, /\.$|undefined|n't/);
      }
    });
  }

  it('brings exit code, last lines and the way to more when a program crashes', async () => {
    const [finding] = (await examine(buildWorld(withInstance(crashed)))).findings;
    assert.deepEqual(finding?.evidence, [
      'last end: exit code 1, 5 s ago',
      'log: Error: cannot open data/app.db',
    ]);
    assert.equal(finding?.instance, 'web-1-blue');
    assert.match(finding?.fix ?? '', /reeve logs web-1-blue$/);
  });

  it('says what the way of ending means', async () => {
    const cause = async (lastExit: ReturnType<typeof exit> | null): Promise<string | undefined> =>
      (await examine(buildWorld(withInstance({ ...crashed, lastExit })))).findings[0]?.cause;
    assert.match((await cause(exit(null, 'SIGKILL'))) ?? '', /memory of the host/);
    const atLimit = { ...exit(null, 'SIGKILL'), ranOutOfMemory: true } as const;
    assert.match((await cause(atLimit)) ?? '', /its memory limit was reached/);
    assert.match((await cause(exit(null, 'SIGSEGV'))) ?? '', /SIGSEGV/);
    assert.match((await cause(exit(127))) ?? '', /not found/);
    assert.match((await cause(exit(126))) ?? '', /executed/);
    assert.match((await cause(exit(0))) ?? '', /work were done/);
    assert.match((await cause(null)) ?? '', /error of its own/);
  });

  it('leaves a program alone that has just started and does not listen yet', async () => {
    const young = { startedAt: NOW - 3000, health: 'starting', activity: 'starting' } as const;
    assert.deepEqual(await codes({ ...withInstance(young), listening: async () => [] }), []);
  });

  it('leaves a program alone whose port is served by a daemon of its own', async () => {
    assert.deepEqual(await codes({ listening: async () => [], takenPorts: async () => [20_000] }), []);
  });

  it('shows refused requests as what follows when the instance crashes', async () => {
    const { findings } = await examine(
      buildWorld({ ...withInstance(crashed), recentTraffic: async () => [buildUpstream({ failed: 40 })] }),
    );
    assert.deepEqual(
      findings.map(({ code, severity, consequenceOf }) => [code, severity, consequenceOf]),
      [
        ['doctor.crash-looping', 'error', undefined],
        ['doctor.edge-refused', 'note', 'doctor.crash-looping'],
      ],
    );
    assert.match(findings[1]!.cause, /^Follows from: "web-1-blue" of "shop" ends again and again/);
  });

  it('shows a wrong port before the failed probe that follows from it', async () => {
    const found = await codes({
      ...withInstance({ health: 'unhealthy', words: 'connection refused' }),
      listening: async () => [{ address: '127.0.0.1', port: 3000 }],
    });
    assert.deepEqual(found, ['doctor.port-elsewhere', 'doctor.unhealthy']);
  });

  it('shows the service that others depend on first', async () => {
    const { findings } = await examine(
      buildWorld({
        stacks: async () => [
          buildStack(
            buildStatus({ health: 'unhealthy', words: '503' }),
            buildStatus({ ...crashed, id: 'db-1-blue', service: 'db', port: null }),
          ),
        ],
      }),
    );
    assert.deepEqual(
      findings.map(({ instance, consequenceOf }) => [instance, consequenceOf]),
      [
        ['db-1-blue', undefined],
        ['web-1-blue', 'doctor.crash-looping'],
      ],
    );
  });

  it('keeps two findings apart when one is of another stack', async () => {
    const other = { ...buildStack(buildStatus(crashed)), stack: 'blog' };
    const { findings } = await examine(
      buildWorld({
        stacks: async () => [buildStack(buildStatus({ health: 'unhealthy', words: '500' })), other],
      }),
    );
    assert.deepEqual(
      findings.map(({ stack, consequenceOf }) => [stack, consequenceOf]),
      [
        ['blog', undefined],
        ['shop', undefined],
      ],
    );
  });

  it('shows a check that throws, and still what the others found', async () => {
    const { findings } = await examine(
      buildWorld({
        ...withInstance(crashed),
        disks: async () => {
          throw new Error('statfs: input/output error');
        },
      }),
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['doctor.crash-looping', 'doctor.check-failed'],
    );
    assert.deepEqual(findings[1]?.evidence, ['statfs: input/output error']);
  });

  it('shows every check that needs the stacks when they can not be listed', async () => {
    const broken = await codes({
      stacks: async () => {
        throw new Error('database is locked');
      },
    });
    assert.ok(broken.length >= 5);
    assert.ok(broken.every((code) => code === 'doctor.check-failed'));
  });
});
