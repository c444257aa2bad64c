// Whatever else is killed in the middle of things: the edge's process, the CLI, and the agent again and again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from '../../scripts/demo/load.ts';
import type { WishedFor } from '../../src/api/wire.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { crashStack } from '../worlds/crash-stack.ts';
import {
  askRoute,
  type CrashStage,
  describeChange,
  openCrashStage,
  processesOfStack,
} from '../worlds/crash-stage.ts';
import { isWholeProof } from '../worlds/proof-report.ts';
import { seededRandom } from '../worlds/seeded-random.ts';
import { projectRoot } from '../worlds/stage.ts';

const SEED = Number(process.env.SEED ?? 1);
const KILLS = 10;

const openDeployed = async (name: string, web: string): Promise<CrashStage> => {
  const stage = await openCrashStage({ stack: name, files: crashStack(name, web) });
  await stage.ensureAgent();
  await stage.make(stage.deployNext());
  await stage.make(stage.deployNext());
  return stage;
};

const edgePid = async ({ client }: CrashStage): Promise<number> => {
  const { pid } = await client.call('edgeStatus');
  assert.ok(pid !== null);
  return pid;
};

const servesCurrent = async (stage: CrashStage): Promise<void> => {
  const { release } = await stage.status();
  await eventually('the route answers', async () =>
    (await askRoute(stage)).startsWith(`release ${release?.id} from`),
  );
};

// Of about fifteen steps each; an edge that dies again and again is started again ever later. The deploys in whole in
// `npm run proof`.
const STORIES: Readonly<Record<string, Story>> = {
  'a deploy': { wish: (stage) => stage.deployNext(), steps: isWholeProof ? Infinity : 4 },
  'a rollback': {
    prepare: (stage) => stage.make(stage.deployNext()),
    wish: ({ name }) => ({ want: 'rollback', stack: name, release: null }),
    steps: 2,
  },
  'a restart': { wish: ({ name }) => ({ want: 'restart', stack: name, services: [] }), steps: 2 },
  'scaling up or down': {
    wish: async (stage) => {
      const replicas = (await copiesOfWeb(stage)) === 1 ? 2 : 1;
      return { want: 'scale', stack: stage.name, service: 'web', replicas };
    },
    steps: 2,
  },
};

/** In this order. */
const COMMANDS = [
  'deploy --force',
  'rollback',
  'restart',
  'scale web=3',
  'scale web=1',
  'run report',
  'stop worker',
  'start worker',
  'down',
];

for (const strategy of ['swap', 'recreate', 'rolling']) {
  describe(`an edge that is killed, where the strategy is ${strategy},`, () => {
    let stage: CrashStage;
    before(async () => (stage = await openDeployed(`edge-${strategy}`, `    deploy: ${strategy}`)));
    after(() => stage.close());

    test('while nothing changes is started again, and answers', async () => {
      const pid = await edgePid(stage);
      process.kill(pid, 'SIGKILL');
      await servesCurrent(stage);
      assert.notEqual(await edgePid(stage), pid);
    });

    test('together with the agent is started again by the next agent', async () => {
      const pid = await edgePid(stage);
      await stage.killAgent();
      process.kill(pid, 'SIGKILL');
      await stage.ensureAgent();
      await servesCurrent(stage);
    });

    for (const [title, story] of Object.entries(STORIES)) {
      test(`at any step of ${title} leaves a stack that is whole, or was taken back and says so`, async (t) => {
        const first = await nextWish(stage, story);
        stage.takeWrites();
        stage.order({ from: 'insert changes', write: Number.MAX_SAFE_INTEGER, side: 'after' });
        await stage.make(first);
        stage.order(null);
        const writes = stage.takeWrites();
        let killed = 0;
        for (const write of chooseIntents(writes, story.steps)) {
          const wish = await nextWish(stage, story);
          const was = (await stage.status()).release?.id;
          const victim = await edgePid(stage);
          stage.order({ from: 'insert changes', write, side: 'after', victim });
          const begun = await stage.submit(wish);
          assert.ok(begun);
          const change = await stage.ended(begun.id);
          stage.order(null);
          const wasKilled = !isRunning(victim);
          if (wasKilled) killed += 1;
          const why = change.error ? `: ${change.error.message}` : '';
          // What there is to do can be less than it was the first time.
          const when = `${wasKilled ? '' : 'not '}killed after ${writes[write - 1]}`;
          t.diagnostic(`${when}: ${change.state}, ${change.outcome}${why}`);
          const expected = change.state === 'done' ? (change.plan.release.to ?? was) : was;
          assert.equal((await stage.status()).release?.id, expected, describeChange(change));
          assert.equal(change.error?.notUndone?.length ?? 0, 0, describeChange(change));
          await servesCurrent(stage);
          if (wasKilled) assert.notEqual(await edgePid(stage), victim);
          assert.equal((await stage.status()).lock.owner, 'free');
        }
        assert.ok(killed > 0);
      });
    }
  });
}

/** A change during which the edge dies, and how many of its steps are tried. */
type Story = {
  readonly prepare?: (stage: CrashStage) => Promise<unknown>;
  readonly wish: (stage: CrashStage) => WishedFor | Promise<WishedFor>;
  readonly steps: number;
};

const nextWish = async (stage: CrashStage, { prepare, wish }: Story): Promise<WishedFor> => {
  await prepare?.(stage);
  return wish(stage);
};

const copiesOfWeb = async (stage: CrashStage): Promise<number> =>
  (await stage.status()).services.find(({ service }) => service === 'web')!.replicas;

const chooseIntents = (writes: readonly string[], most: number): readonly number[] => {
  const intents = writes.flatMap((label, at) => (/^insert records .* intent/.test(label) ? [at + 1] : []));
  const random = seededRandom(SEED);
  while (intents.length > most) intents.splice(Math.floor(random() * intents.length), 1);
  return intents;
};

describe('a change', () => {
  let stage: CrashStage;
  before(async () => (stage = await openDeployed('orphaned', '    deploy: swap')));
  after(() => stage.close());

  for (const line of COMMANDS) {
    test(`goes on when the CLI that asked for it is killed: reeve ${line}`, async () => {
      const last = (await stage.lastChange()).id;
      const cli = spawn(join(projectRoot, 'bin/reeve'), line.split(' '), {
        cwd: stage.stackFolder,
        env: stage.env,
        stdio: 'ignore',
      });
      const begun = await eventually('it has begun', async () => {
        const change = await stage.lastChange();
        return change.id > last ? change : null;
      });
      cli.kill('SIGKILL');
      await eventually('the CLI is gone', () => cli.exitCode !== null || cli.signalCode !== null);
      const change = await stage.ended(begun.id);
      assert.equal(change.state, 'done', describeChange(change));
      const lock = await stage.client.call('readLock', { params: { stack: stage.name } });
      assert.equal(lock.owner, 'free');
    });
  }
});

describe('a deploy', () => {
  let stage: CrashStage;
  before(async () => (stage = await openDeployed('tough', '    deploy: swap\n    replicas: 2')));
  after(() => stage.close());

  test('goes on when its CLI is killed, and is found by another', async () => {
    stage.edit('reeve.yaml', 'bake: 300ms', 'bake: 3s');
    stage.deployNext();
    const cli = spawn(join(projectRoot, 'bin/reeve'), ['deploy'], {
      cwd: stage.stackFolder,
      env: stage.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let seen = '';
    cli.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await eventually('the CLI shows progress', () => /Watch release/.test(seen));
    cli.kill('SIGKILL');
    await eventually('the CLI is gone', () => cli.signalCode === 'SIGKILL');
    const change = await stage.lastChange();
    assert.equal(change.state, 'running');
    const followed = await stage.reeve('changes', 'follow', String(change.id));
    assert.equal(followed.exit, 0, followed.stderr);
    assert.match(followed.stdout, new RegExp(`Release ${change.plan.release.to} is live`));
    stage.edit('reeve.yaml', 'bake: 3s', 'bake: 300ms');
  });

  test('that waits for its turn has it with the next agent', async () => {
    stage.edit('reeve.yaml', 'bake: 300ms', 'bake: 2s');
    const first = await stage.submit(stage.deployNext());
    await eventually('it is watched', async () => {
      const { plan, records } = await stage.lastChange();
      return plan.steps.find(({ id }) => id === records.at(-1)?.step)?.kind === 'bake';
    });
    stage.edit('reeve.yaml', 'bake: 2s', 'bake: 300ms');
    const second = await stage.submit(stage.deployNext());
    assert.deepEqual([first?.state, second?.state], ['running', 'queued']);
    await stage.killAgent();
    await stage.ensureAgent();
    const ends = [await stage.ended(first!.id), await stage.ended(second!.id)];
    assert.deepEqual(
      ends.map(({ state }) => state),
      ['done', 'done'],
      ends.map(describeChange).join('\n'),
    );
    assert.equal((await stage.status()).release?.id, ends[1]!.plan.release.to);
    await servesCurrent(stage);
  });

  test(`comes to its end though the agent is killed ${KILLS} times at random moments`, async (t) => {
    const random = seededRandom(SEED);
    const load = startLoad({ port: stage.edgePort, host: 'tough.localhost', clients: 4 });
    // Watched anew by each agent, so that none comes to the end before the last.
    stage.edit('reeve.yaml', 'bake: 300ms', 'bake: 2s');
    const change = await stage.submit(stage.deployNext());
    assert.ok(change);
    for (let kill = 1, pid = await stage.agentPid(); kill <= KILLS; kill += 1) {
      await sleep(random() * 900);
      process.kill(pid, 'SIGKILL');
      await eventually('the agent is gone', () => !isRunning(pid));
      pid = stage.launchAgent();
    }
    const end = await stage.ended(change.id);
    const { requests, dropped, errors, reasons } = await load.stop();
    t.diagnostic(`${requests} requests; ${end.outcome}`);
    assert.equal(end.state, 'done', describeChange(end));
    assert.deepEqual({ dropped, errors, reasons }, { dropped: 0, errors: 0, reasons: [] });
    await servesCurrent(stage);
    const { services, lock } = await stage.status();
    assert.equal(lock.owner, 'free');
    const meant = services.flatMap(({ instances }) => instances.map(({ id }) => id));
    assert.deepEqual(
      processesOfStack(stage),
      meant.flatMap((id) => [`${id} program`, `${id} shim`]).toSorted(),
    );
  });
});
