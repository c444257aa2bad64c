// Whatever ends a change before its time, a failing job or a person, the old release serves and nothing is left half done.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import { eventually } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const JOBS = `
jobs:
  check:
    phase: gate
    run: sh check.sh
  migrate:
    phase: before
    run: sh migrate.sh
  announce:
    phase: after
    run: sh announce.sh
`;

// A job that waits for a file, so that a story decides when it ends.
const WAITS = (name: string): string =>
  `echo ${name}: waits; while [ ! -e "$REEVE_SHARED/go" ]; do sleep 0.05; done\n`;

describe('a change that ends early', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'early',
      files: {
        'reeve.yaml': webStackFile({ name: 'early', bake: '30s', more: JOBS }),
        'web.mjs': PROGRAMS.good,
        'check.sh': 'echo check: fine\n',
        'migrate.sh': 'echo migrate: fine\n',
        'announce.sh': 'echo announced > announced.txt\n',
      },
    });
    stage.edit('reeve.yaml', 'bake: 30s', 'bake: 0s');
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(() => stage.close());

  const deployWith = async (file: string, text: string): Promise<() => Promise<void>> => {
    const was = { file, text: `# ${Math.random()}\n` };
    stage.write(file, text + was.text);
    return async () => stage.write(file, 'exit 0\n');
  };

  test('after-jobs run behind the cut-over, in the release folder', () => {
    const tree = join(stage.env.REEVE_HOME!, 'stacks/early/releases/1/tree');
    assert.ok(existsSync(join(tree, 'announced.txt')));
  });

  for (const [job, file] of [
    ['check', 'check.sh'],
    ['migrate', 'migrate.sh'],
  ] as const) {
    test(`because job ${job} failed moved nothing, and says so with its output`, async () => {
      const pids = await webPids(stage);
      const load = startLoad({ port: stage.edgePort, host: 'early.localhost' });
      const mend = await deployWith(file, `echo ${job}: no such column; exit 3\n`);
      const deploy = await stage.reeve('deploy', '--json');
      const { dropped, errors } = await load.stop();
      await mend();

      assert.equal(deploy.exit, 1, deploy.stderr);
      const { error } = JSON.parse(deploy.stdout) as { error: ErrorReport };
      assert.match(`${error.message} ${error.why ?? ''}`, /3/);
      assert.ok(error.log?.some((line) => line.includes('no such column')));
      assert.deepEqual({ dropped, errors }, { dropped: 0, errors: 0 });
      assert.deepEqual(await webPids(stage), pids, 'no process was started or stopped');
      assert.equal((await stage.status()).release?.id, 1);
    });
  }

  const cancelWhile = async (reached: (words: string) => boolean): Promise<void> => {
    const pids = await webPids(stage);
    const load = startLoad({ port: stage.edgePort, host: 'early.localhost' });
    const deploy = stage.reeve('deploy', '--json');
    const id = await eventually(
      'the deploy is where it is to be cancelled',
      async () => {
        const change = await stage.lastChange();
        const open = change.records.at(-1);
        const step = change.plan.steps.find((candidate) => candidate.id === open?.step);
        return change.state === 'running' && open?.event === 'intent' && step && reached(step.kind)
          ? change.id
          : null;
      },
      20_000,
    );
    const cancel = await stage.reeve('changes', 'cancel', String(id));
    assert.equal(cancel.exit, 0, cancel.stderr);
    assert.equal((await deploy).exit, 1);
    const { dropped, errors } = await load.stop();
    assert.equal((await stage.lastChange()).state, 'cancelled');
    assert.deepEqual({ dropped, errors }, { dropped: 0, errors: 0 });
    assert.deepEqual(await webPids(stage), pids, 'the old instances, and no other');
    assert.equal((await stage.status()).lock.owner, 'free');
    assert.equal((await stage.status()).release?.id, 1);
  };

  test('because it was cancelled during a job leaves the old release serving', async () => {
    const mend = await deployWith('migrate.sh', WAITS('migrate'));
    await cancelWhile((kind) => kind === 'run-job');
    await mend();
  });

  test('because it was cancelled at its gate leaves the old release serving', async () => {
    stage.write('web.mjs', PROGRAMS.neverReady);
    await cancelWhile((kind) => kind === 'pass-gate');
    stage.write('web.mjs', PROGRAMS.good);
  });

  test('because it was cancelled during the bake leaves the old release serving', async () => {
    stage.edit('reeve.yaml', 'bake: 0s', 'bake: 60s');
    stage.edit('web.mjs', 'good: listening', 'good: listening, for now');
    await cancelWhile((kind) => kind === 'bake');
    stage.edit('reeve.yaml', 'bake: 60s', 'bake: 0s');
  });

  test('is followed from two terminals, and Ctrl-C in one leaves it running', async () => {
    const mend = await deployWith('migrate.sh', WAITS('migrate'));
    const deploy = stage.reeve('deploy');
    const id = await eventually('the job runs', async () => {
      const change = await stage.lastChange();
      return change.state === 'running' && change.records.length > 0 ? change.id : null;
    });
    const followers = [
      stage.reeve('changes', 'follow', String(id)),
      stage.reeve('changes', 'follow', String(id)),
    ];
    const second = await stage.reeve('stop', 'web');
    assert.equal(second.exit, 2, 'another change of the stack is refused while one runs');
    stage.write('../state/stacks/early/shared/go', '');
    const ends = await Promise.all([deploy, ...followers]);
    await mend();
    assert.deepEqual(
      ends.map(({ exit }) => exit),
      [0, 0, 0],
      ends.map(({ stderr }) => stderr).join('\n'),
    );
    assert.notEqual((await stage.status()).release?.id, 1);
  });
});

const webPids = async (stage: Stage): Promise<(number | null)[]> =>
  (await stage.status()).services[0]!.instances.map(({ pid }) => pid);
