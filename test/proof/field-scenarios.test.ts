// Scenarios that a keeper of production has to pass, by the ids of the list they come from. Those of other chapters, and:
//
// | id | where it is shown |
// |---|---|
// | K1 K2 K17 K23 L2 L4 L5 L6 L12 P1-P6 P8 | here |
// | K20 K25 L7 | proof/lock-matrix; K20 also e2e/adoption "a second agent on the same state folder is refused" |
// | K3 K4 K5 K6 | a deploy of them: integration/sources-git (force-push; unreachable, refused and absent told apart), contract/source (a ref that is gone) |
// | K15 | the restart: supervise/instance-machine.test; redeploy and rollback by itself: not there |
// | K13 | of it the secret that is absent: a deploy is refused before anything, e2e/process-stack P4 |
// | K19 K24 L13 | crash/agent-sweep, simulation/crash-points; the host goes down: crash/reboot |
// | K21 L11 | durations are of a monotonic clock, and no lock runs out by a clock: contract/clock, contract/lock |
// | L1 | integration/lock-processes, integration/lock-commands |
// | L3 | the number of an acquisition is asked before each step: proof/concurrency, contract/lock |
// | L2 | also of instances: crash/fifty-instances, crash/copied-state |
// | L8 | integration/store-file "says that the disk is full" |
// | L9 | integration/store-file, e2e/lost-database |
// | P7 | here, of the cut-over; each gate has its `within`, each job its time-out: e2e/failed-gates, integration/supervision-programs |
// | P9 | e2e/jobs-and-cancel "because it was cancelled during a job" |
// | P10 P11 | integration/sources-folder "fails with moved", contract/release-disk "leaves nothing when the source changed" |
// | K7-K12 K14 K16 K18 K22 L10 P12 P13 | not there: no polling keeper, no webhook, no registry, no hold, no drift check, no schema check |
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import { identify, isAlive } from '../../src/kit/process-identity.ts';
import type { Change } from '../../src/model/change.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import type { ProcessIdentity } from '../../src/model/lock.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type CliEnd, cli } from '../worlds/cli-world.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { callDoor } from '../worlds/edge-stand.ts';
import { makeRepository, type Repository } from '../worlds/git-repository.ts';
import { isWholeProof } from '../worlds/proof-report.ts';
import { openStage, projectRoot, type Ran, type Stage } from '../worlds/stage.ts';
import { PROGRAMS } from '../worlds/web-stack.ts';

const serving = (rest: string): string => `
  import { createServer } from 'node:http';
  let answers = 0, isSeen = false;
  const began = Date.now();
  createServer((request, response) => {
    answers += 1;
    ${rest}
    response.end('release ' + process.env.REEVE_RELEASE);
  }).listen(Number(process.env.PORT), '127.0.0.1');
`;

const GOOD = serving('');
// Each passes its gate and turns bad when people use it.
const SICK = serving(`if (request.url === '/') response.statusCode = 500;`);
const FRAIL = serving(
  `if (request.url === '/' && answers > 8) { console.error('frail: broke'); process.exit(9); }`,
);
const SULKING = serving(
  `isSeen ||= request.url === '/'; if (request.url === '/up' && isSeen) response.statusCode = 503;`,
);
const HANGING = serving(`if (request.url === '/') return;`);
const FLAPPING = serving(`if (request.url === '/up') response.statusCode = answers % 2 ? 200 : 503;`);

const stackFile = (name: string, more = ''): string => `name: ${name}
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${name}.localhost
    health: { http: /up, interval: 200ms, settle: 100ms, within: 3s }
    stop: { grace: 1s }
    drain: 2s
bake: { for: 1s, max_errors: 5%, min_requests: 5 }
warm: 0s
${more}`;

type Ground = {
  readonly stage: Stage;
  readonly run: (...argv: string[]) => Promise<CliEnd>;
  readonly deploy: (
    program: string,
  ) => Promise<{ code: number; error: ErrorReport | undefined; change: Change }>;
  readonly served: () => Promise<string>;
  readonly pids: () => Promise<(number | null)[]>;
  readonly states: () => Promise<string[]>;
};

const openGround = async (name: string, more = ''): Promise<Ground> => {
  const stage = await openStage({
    stack: name,
    files: { 'reeve.yaml': stackFile(name, more), 'web.mjs': GOOD },
  });
  const run = (...argv: string[]): Promise<CliEnd> =>
    cli(argv, { env: stage.env as Readonly<Record<string, string>>, cwd: stage.stackFolder });
  const up: Ran = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stdout + up.stderr);
  let marks = 0;
  return {
    stage,
    run,
    deploy: async (program) => {
      marks += 1;
      stage.write('web.mjs', `// ${marks}\n${program}`);
      const { code, stdout } = await run('deploy', '--json');
      return { code, ...(JSON.parse(stdout) as { error: ErrorReport | undefined; change: Change }) };
    },
    served: async () => (await callDoor(stage.edgePort, { host: `${name}.localhost` })).body,
    pids: async () => (await stage.status()).services[0]!.instances.map(({ pid }) => pid),
    states: async () =>
      (await stage.client.call('releases', { params: { stack: name } })).map(
        ({ id, state }) => `${id} ${state}`,
      ),
  };
};

describe('promotion', () => {
  let ground: Ground;
  before(async () => {
    ground = await openGround('promoted');
  });
  after(() => ground.stage.close());

  const underLoad = async <T>(work: () => Promise<T>): Promise<T> => {
    const load = startLoad({ port: ground.stage.edgePort, host: 'promoted.localhost', clients: 4 });
    const result = await work();
    const { dropped } = await load.stop();
    assert.equal(dropped, 0, 'no request went without an answer');
    return result;
  };

  for (const [what, program, code] of [
    ['by exiting at once', PROGRAMS.exitsAtOnce, 'gate.exited'],
    ['by answering 500 to people', SICK, 'bake.bad'],
    ['by what its probe says once it has traffic', SULKING, 'bake.bad'],
  ] as const) {
    test(`P1 good, then bad ${what}: the good one serves, the bad one is marked and never gone back to`, async () => {
      const [was, pids] = [await ground.served(), await ground.pids()];
      const bad = await underLoad(() => ground.deploy(program));
      assert.deepEqual([bad.code, bad.error?.code], [1, code], JSON.stringify(bad.error));
      assert.equal(await ground.served(), was);
      assert.deepEqual(await ground.pids(), pids, 'the same processes');
      assert.match((await ground.states())[0]!, / bad$/);
      const id = (await ground.states())[0]!.split(' ')[0]!;
      const back = await ground.run('rollback', id, '--json');
      assert.equal((JSON.parse(back.stdout) as { error: ErrorReport }).error.code, 'release.bad');
    });
  }

  test('P1 good, then bad by dying under load: taken back', async () => {
    const was = await ground.served();
    const bad = await (async () => {
      const load = startLoad({ port: ground.stage.edgePort, host: 'promoted.localhost', clients: 2 });
      const end = await ground.deploy(FRAIL);
      await load.stop();
      return end;
    })();
    assert.equal(bad.code, 1);
    // It may die before the bake begins: of the request that proves the new route.
    assert.match(bad.error!.code, /^(bake\.bad|verify\.\S+)$/, JSON.stringify(bad.error));
    if (bad.error!.code === 'bake.bad') assert.match(bad.error!.log!.join('\n'), /frail: broke/);
    assert.equal(await ground.served(), was);
  });

  test('P2 bad, then good: the next good one goes live', async () => {
    const good = await underLoad(() => ground.deploy(GOOD));
    assert.equal(good.code, 0, JSON.stringify(good.error));
    assert.match((await ground.states())[0]!, / current$/);
    assert.equal(await ground.served(), `release ${(await ground.stage.status()).release!.id}`);
  });

  test('P3 bad, then another bad: still the last good one, and both are marked', async () => {
    const [was, pids] = [await ground.served(), await ground.pids()];
    await underLoad(async () => {
      assert.equal((await ground.deploy(SICK)).error?.code, 'bake.bad');
      assert.equal((await ground.deploy(PROGRAMS.exitsAtOnce)).error?.code, 'gate.exited');
      assert.equal((await ground.deploy(SICK)).error?.code, 'bake.bad');
    });
    assert.equal(await ground.served(), was);
    assert.deepEqual(await ground.pids(), pids);
    for (const state of (await ground.states()).slice(0, 3)) assert.match(state, / bad$/);
  });

  const tooLong = !isWholeProof && 'it takes half a minute: npm run proof';
  test(
    'P7 a deadline where traffic moves: one that hangs on all but its probe is taken back',
    { skip: tooLong },
    async () => {
      const [was, pids] = [await ground.served(), await ground.pids()];
      const hanging = await ground.deploy(HANGING);
      assert.deepEqual([hanging.code, hanging.error?.code], [1, 'verify.wrong-answer']);
      assert.match(hanging.error!.message, /no answer within/);
      assert.equal(await ground.served(), was);
      assert.deepEqual(await ground.pids(), pids);
    },
  );

  test('P8 zero traffic: fewer requests than the bake asks for are no reason to refuse', async () => {
    const good = await ground.deploy(SICK);
    assert.equal(good.code, 0, 'nobody asked it anything');
    const mended = await ground.deploy(GOOD);
    assert.equal(mended.code, 0);
  });

  const abort = async (): Promise<Change> => {
    ground.stage.write('web.mjs', `// aborted\n${PROGRAMS.neverReady}`);
    const deploy = ground.run('deploy', '--json');
    const id = await eventually('it is at its gate', async () => {
      const { state, records, plan, id: number } = await ground.stage.lastChange();
      const at = plan.steps.find((step) => step.id === records.at(-1)?.step);
      return state === 'running' && at?.kind === 'pass-gate' ? number : null;
    });
    assert.equal((await ground.run('changes', 'cancel', String(id))).code, 0);
    assert.equal((await deploy).code, 1);
    return await ground.stage.lastChange();
  };

  test('P4 abort, then a new revision: it goes live', async () => {
    const was = await ground.served();
    assert.equal((await abort()).state, 'cancelled');
    assert.equal(await ground.served(), was);
    const good = await ground.deploy(GOOD);
    assert.equal(good.code, 0, JSON.stringify(good.error));
    assert.notEqual(await ground.served(), was);
  });

  test('P5 an abort is not tried again by itself, also not by the next agent', async () => {
    const { id } = await abort();
    const [was, pids] = [await ground.served(), await ground.pids()];
    const agent = await ground.stage.agentPid();
    process.kill(agent, 'SIGKILL');
    await eventually('the agent is gone', () => !isRunning(agent));
    assert.equal((await ground.stage.reeve('agent', 'start')).exit, 0);
    await eventually('the instances are known again', async () => {
      const { services } = await ground.stage.status();
      return services[0]!.health === 'healthy';
    });
    assert.equal((await ground.stage.lastChange()).id, id, 'no change came of it');
    assert.equal((await ground.stage.status()).lock.owner, 'free');
    assert.equal(await ground.served(), was);
    assert.deepEqual(await ground.pids(), pids);
  });

  test('P6 off a stable release that turned out bad: forward, and back over it', async () => {
    const good = (await ground.deploy(GOOD)).change.plan.release!.to;
    const bad = await ground.deploy(FRAIL);
    assert.equal(bad.code, 0, JSON.stringify(bad.error));
    // It is live, and dies of each ninth request from now on.
    await eventually('it is broken', async () => {
      await ground.served().catch(() => null);
      return (await ground.stage.status()).services[0]!.instances.some(({ restarts }) => restarts > 0);
    });
    const forward = await ground.deploy(GOOD);
    assert.equal(forward.code, 0, JSON.stringify(forward.error));
    for (let turn = 0; turn < 10; turn += 1) assert.match(await ground.served(), /^release \d+$/);
    const back = await ground.run('rollback', String(good));
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.equal(await ground.served(), `release ${good}`);
  });

  test('K17 a flapping probe: no restart storm', async () => {
    const flapping = await ground.deploy(FLAPPING.replace('answers % 2', 'answers < 20 || answers % 2'));
    assert.equal(flapping.code, 0, JSON.stringify(flapping.error));
    const pids = await ground.pids();
    // Twenty probes and more, and every second one is bad.
    await eventually('it was probed', async () => probes(await ground.run('metrics')) > 60, 30_000);
    assert.deepEqual(await ground.pids(), pids);
    const { instances } = (await ground.stage.status()).services[0]!;
    assert.deepEqual(
      instances.map(({ restarts }) => restarts),
      [0],
    );
  });

  const probes = ({ stdout }: CliEnd): number =>
    [...stdout.matchAll(/^reeve_probe_duration_seconds_count\b.* (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );

  test('K23 an empty manifest does not delete everything', async () => {
    const was = readFileSync(join(ground.stage.stackFolder, 'reeve.yaml'), 'utf8');
    const pids = await ground.pids();
    for (const text of [
      '',
      '\n',
      '{}',
      'name: promoted\n',
      'name: promoted\nservices: {}\n',
      'name: promoted\nservices:\n',
      '# gone\n',
    ]) {
      ground.stage.write('reeve.yaml', text);
      const { code, stdout } = await ground.run(
        'deploy',
        '--json',
        '--file',
        join(ground.stage.stackFolder, 'reeve.yaml'),
      );
      assert.equal(code, 2, JSON.stringify(text) + stdout.slice(0, 300));
    }
    ground.stage.write('reeve.yaml', was);
    assert.deepEqual(await ground.pids(), pids);
  });
});

describe('keeper and lock', () => {
  const JOBS = `jobs:\n  migrate: { phase: before, run: sh migrate.sh }\n`;
  let ground: Ground;
  let repository: Repository;
  let gate: string;

  before(async () => {
    ground = await openGround('kept');
    const { stage } = ground;
    gate = join(stage.folder, 'go');
    repository = makeRepository(join(stage.folder, 'repository'));
    repository.write({
      'web.mjs': GOOD,
      'migrate.sh': `until [ -e ${gate} ]; do sleep 0.05; done\n`,
    });
    repository.commit('One');
    stage.write('reeve.yaml', stackFile('kept', `${JOBS}source: { git: ../repository, ref: main }\n`));
    stage.write('../go', '');
    assert.equal((await ground.run('deploy')).code, 0);
  });
  after(() => ground.stage.close());

  test('K1 the same revision is not deployed again', async () => {
    const [pids, states] = [await ground.pids(), await ground.states()];
    repository.git('tag', 'v1');
    repository.git('branch', 'other');
    for (const ref of [
      [],
      [],
      ['--ref', 'v1'],
      ['--ref', 'other'],
      ['--ref', repository.git('rev-parse', 'HEAD')],
    ])
      assert.match((await ground.run('deploy', ...ref)).stdout, /Nothing to do/, ref.join(' '));
    assert.deepEqual(await ground.pids(), pids);
    assert.deepEqual(await ground.states(), states);
  });

  test('K2 the revision moves during a deploy: it finishes, and the newest wins', async () => {
    rmSync(gate);
    const push = (text: string): string => {
      repository.write({ 'web.mjs': `// ${text}\n${GOOD}` });
      return repository.commit(text);
    };
    const ids = [push('Two')];
    const deploys = [ground.run('deploy', '--json')];
    await eventually('the first one is under way', async () => {
      const { state, records, plan } = await ground.stage.lastChange();
      return (
        state === 'running' && plan.steps.find(({ id }) => id === records.at(-1)?.step)?.kind === 'run-job'
      );
    });
    for (const text of ['Three', 'Four']) {
      ids.push(push(text));
      deploys.push(ground.run('deploy', '--json'));
      await eventually('it is queued', async () =>
        (await ground.stage.lastChange()).plan.sentence.includes(text),
      );
    }
    ground.stage.write('../go', '');
    const ends = await Promise.all(deploys);
    const outcomes = ends.map(({ stdout }) => (JSON.parse(stdout) as { outcome: string }).outcome);
    assert.deepEqual(outcomes, ['done', 'superseded', 'done']);
    assert.equal((await ground.stage.status()).release?.revision, ids.at(-1));
    assert.match((await ground.run('plan')).stdout, /Nothing to do/);
  });

  test('L6 a hook may take the lock that its change has, nobody else’s, and changes nothing beside it', async () => {
    // A program is told nothing of the state folder, so a hook of another one than the usual has to say it.
    const reeve = `${join(projectRoot, 'bin/reeve')} --stack kept`;
    const hook = `
      export REEVE_HOME=${ground.stage.env.REEVE_HOME}
      r() { ${reeve} "$@"; }
      r lock current; echo "current $?"
      task=$(r lock status --json | sed 's/.*"task":"\\([^"]*\\)".*/\\1/')
      r lock acquire deploy --task "$task" >/dev/null; echo "again $?"
      r lock acquire export --task mine >/dev/null 2>&1; echo "other $?"
      r restart web >/dev/null 2>&1; echo "restart $?"
    `;
    repository.write({ 'migrate.sh': hook });
    repository.commit('Hooks');
    assert.equal((await ground.run('deploy')).code, 0);
    const { id } = await ground.stage.lastChange();
    const said = (await ground.run('logs', `job-${id}-migrate`)).stdout;
    assert.match(said, /deploy\b[^]*current 0[^]*again 0[^]*other 2[^]*restart 2/);
    assert.equal((await ground.stage.status()).lock.owner, 'free', 'free at the end all the same');
  });

  test('L12 the lock is checked before an expensive fetch', async () => {
    const lock = await ground.run(
      'lock',
      'acquire',
      'export',
      '--task',
      'dump',
      '--pid',
      String(process.pid),
    );
    assert.equal(lock.code, 0);
    const was = readFileSync(join(ground.stage.stackFolder, 'reeve.yaml'), 'utf8');
    // Nobody answers there: a fetch would be an error of another kind.
    ground.stage.write('reeve.yaml', was.replace('git: ../repository', 'git: "http://127.0.0.1:9/none.git"'));
    const { code, stdout } = await ground.run('deploy', '--json');
    ground.stage.write('reeve.yaml', was);
    assert.equal((await ground.run('lock', 'release', '--task', 'dump')).code, 0);
    assert.deepEqual([code, (JSON.parse(stdout) as { error: ErrorReport }).error.code], [2, 'lock.held']);
  });

  test('L4 a lock taken over from one that is gone is audited with both owners', async () => {
    const holder = await ground.stage.reeve(
      'lock',
      'run',
      '--task',
      'dump',
      '--',
      'sh',
      '-c',
      'kill -9 $PPID; kill -9 $$',
    );
    assert.notEqual(holder.exit, 0);
    repository.write({ 'web.mjs': `// steal\n${GOOD}` });
    repository.commit('Steal');
    assert.equal((await ground.run('deploy')).code, 0);
    const audit = JSON.parse((await ground.run('audit', '--json')).stdout) as {
      what: string;
      outcome: string;
    }[];
    const stolen = audit.find(({ what }) => what === 'lock take-over kept');
    assert.match(stolen?.outcome ?? '', /"deploy" .* has it; its holder "export" \(dump\) is gone/);
  });

  test('L5 a child that outlives the command of the lock does not keep it', async () => {
    const pidFile = join(ground.stage.folder, 'child');
    const script = `sleep 100000 >/dev/null 2>&1 </dev/null & echo $! > ${pidFile}`;
    assert.equal(
      (await ground.stage.reeve('lock', 'run', '--task', 'dump', '--', 'sh', '-c', script)).exit,
      0,
    );
    const child = Number(readFileSync(pidFile, 'utf8'));
    try {
      assert.ok(isRunning(child), 'it lives');
      assert.equal((await ground.run('lock', 'current')).stdout.trim(), 'free');
      const next = await ground.run(
        'lock',
        'acquire',
        'export',
        '--task',
        'next',
        '--pid',
        String(process.pid),
      );
      assert.equal(next.code, 0);
      assert.equal((await ground.run('lock', 'release', '--task', 'next')).code, 0);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });
});

describe('the lock of a holder that can not be told by its pid alone', () => {
  const me = identify(process.pid)!;
  for (const [title, holder, outcome] of [
    ['L2 a pid that was used again', { ...me, startTicks: me.startTicks - 100 }, 'taken-over'],
    ['L2 a pid of another boot', { ...me, bootId: '00000000-0000-0000-0000-000000000000' }, 'taken-over'],
    ['L2 the holder itself', me, 'contended'],
  ] as const satisfies readonly (readonly [string, ProcessIdentity, string])[]) {
    test(`${title}: ${outcome}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'reeve-lock-'));
      const path = join(folder, 'reeve.db');
      const redactor = { learn: () => {}, redact: (text: string) => text };
      const store = openStore(path, { redactor, isAlive, clock: { now: Date.now } });
      try {
        const ask = (owner: string, process: ProcessIdentity | null) =>
          store.lock.acquire({
            stack: 'shop',
            owner,
            task: owner,
            reason: '',
            holder: { host: 'here', process },
          });
        assert.equal(ask('export', holder).outcome, 'acquired');
        assert.equal(ask('deploy', { ...me, pid: 1 }).outcome, outcome);
        assert.ok(existsSync(path));
      } finally {
        store.close();
        rmSync(folder, { recursive: true });
      }
    });
  }
});
