// One change at a time: deploys that come while one runs, and a lock that somebody else holds.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ErrorReport } from '../../src/model/error.ts';
import { eventually } from '../worlds/conditions.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

// The job waits for a file, so that the story decides when a deploy goes on.
const STACK = `name: turns
services:
  worker:
    run: sh -c 'echo ready; exec sleep 10000'
    health: { log: ready, settle: 50ms }
    stop: { grace: 1s }
jobs:
  gate:
    phase: before
    run: sh -c 'while [ ! -e "$REEVE_SHARED/go" ]; do sleep 0.02; done'
bake: 0s
`;

let stage: Stage;
let versions = 0;

const letGo = (): void => stage.write('../state/stacks/turns/shared/go', '');
const holdBack = (): void => stage.remove('../state/stacks/turns/shared/go');
/** The source has something new. */
const edit = (): void => stage.write('version.txt', String((versions += 1)));
const release = async (): Promise<number | undefined> => (await stage.status()).release?.id;

const running = () =>
  eventually('a deploy waits in its job', async () => {
    const change = await stage.lastChange();
    return change.state === 'running' && change.records.some(({ event }) => event === 'done') ? change : null;
  });

const queued = (after: number) =>
  eventually('a deploy is in the queue', async () => {
    const change = await stage.lastChange();
    return change.state === 'queued' && change.id > after ? change : null;
  });

before(async () => {
  stage = await openStage({ stack: 'turns', files: { 'reeve.yaml': STACK } });
  edit();
  letGo();
  const up = await stage.reeve('up');
  assert.equal(up.exit, 0, up.stderr);
});

after(() => stage.close());

describe('of deploys that come while one runs', () => {
  test('the latest waits for its turn and is made, and the others are superseded and say so', async () => {
    holdBack();
    edit();
    const first = stage.reeve('deploy');
    const { id } = await running();
    edit();
    const second = stage.reeve('deploy');
    const { id: secondId } = await queued(id);
    edit();
    const third = stage.reeve('deploy');
    const { id: thirdId } = await queued(secondId);

    const superseded = await second;
    assert.equal(superseded.exit, 1);
    assert.match(superseded.stdout, new RegExp(`^Change ${secondId} waits behind change ${id}$`, 'm'));
    assert.match(superseded.stdout, new RegExp(`Change ${thirdId} took its place in the queue`));
    assert.doesNotMatch(superseded.stdout, /Deploy release/, 'nothing of it was begun');
    assert.equal((await stage.status()).change?.id, id, 'status shows the one that runs');

    letGo();
    assert.equal((await first).exit, 0);
    const made = await third;
    assert.equal(made.exit, 0, made.stderr);
    const changes = await stage.client.call('listChanges', { query: { limit: 3 } });
    assert.deepEqual(
      changes.map((change) => [change.id, change.state]),
      [
        [thirdId, 'done'],
        [secondId, 'superseded'],
        [id, 'done'],
      ],
    );
    assert.equal(await release(), changes[0]!.plan.release.to);
  });

  test('one that has nothing left to do when its turn comes says so, and claims nothing else', async () => {
    holdBack();
    edit();
    const first = stage.reeve('deploy');
    const { id } = await running();
    const second = stage.reeve('deploy');
    const { id: secondId } = await queued(id);
    letGo();
    assert.equal((await first).exit, 0);
    const same = await second;
    assert.equal(same.exit, 0, same.stderr);
    assert.match(same.stdout, /✓ Nothing to do: release \d+ is live/);
    const change = await stage.client.call('showChange', { params: { id: secondId } });
    assert.match(change.plan.sentence, /^Nothing to do/);
    assert.deepEqual(change.plan.steps, []);
  });

  test('one that is cancelled in the queue was never begun, and the one that runs goes on', async () => {
    holdBack();
    edit();
    const first = stage.reeve('deploy');
    const { id } = await running();
    edit();
    const second = stage.reeve('deploy', '--detach');
    const { id: secondId } = await queued(id);
    assert.equal((await second).stdout, `Change ${secondId} waits behind change ${id}\n`);
    const cancel = await stage.reeve('changes', 'cancel', String(secondId));
    assert.deepEqual([cancel.exit, cancel.stderr], [0, '']);
    letGo();
    assert.equal((await first).exit, 0);
    assert.equal((await stage.client.call('showChange', { params: { id: secondId } })).state, 'cancelled');
  });

  test('every other change is refused while one runs, or waits for its end when told to', async () => {
    holdBack();
    edit();
    const first = stage.reeve('deploy');
    const { id } = await running();
    const refused = await stage.reeve('restart', 'worker');
    assert.equal(refused.exit, 2);
    assert.match(refused.stderr, new RegExp(`^Cannot change "turns": change ${id} runs`));
    const impatient = await stage.reeve('restart', 'worker', '--wait', '10ms');
    assert.equal(impatient.exit, 4);
    assert.match(impatient.stderr, new RegExp(`change ${id} still runs after 10 ms`));
    const patient = stage.start('restart', 'worker', '--wait', '1m');
    await patient.says(/Waiting for the lock, or for the change that runs, at most 1 min/);
    letGo();
    assert.equal((await first).exit, 0);
    assert.equal((await patient.ended).exit, 0);
  });
});

describe('a lock that export holds', () => {
  before(async () => {
    const lock = await stage.reeve('lock', 'acquire', 'export', '--task', 'nightly', '--reason', '24 cells');
    assert.equal(lock.exit, 0, lock.stderr);
  });

  test('refuses a deploy, and names owner, task, reason and how to release it', async () => {
    const was = await release();
    edit();
    const { exit, stdout } = await stage.reeve('deploy', '--json');
    assert.equal(exit, 2);
    const { error } = JSON.parse(stdout) as { error: ErrorReport };
    assert.equal(error.code, 'lock.held');
    assert.match(error.message, /"export" holds the lock for "nightly" since \d{4}-/);
    assert.equal(error.why, '24 cells');
    assert.match(error.fix ?? '', /reeve lock release --task nightly$/);
    assert.equal(await release(), was);
  });

  test('ends the waiting of a deploy with exit code 4 when it is not released in time', async () => {
    const { exit, stderr } = await stage.reeve('deploy', '--wait', '50ms');
    assert.equal(exit, 4);
    assert.match(stderr, /^Cannot change "turns": after 50 ms "export" holds the lock/);
  });

  test('lets a deploy that waits through when it is released', async () => {
    const was = await release();
    const deploy = stage.start('deploy', '--wait', '1m');
    await deploy.says(/Waiting for the lock/);
    assert.equal((await stage.reeve('lock', 'release', '--task', 'nightly')).exit, 0);
    const { exit, stderr } = await deploy.ended;
    assert.equal(exit, 0, stderr);
    assert.notEqual(await release(), was);
  });
});

test('the lock works while no agent runs, and the next agent minds it', async () => {
  assert.equal((await stage.reeve('agent', 'stop')).exit, 0);
  assert.equal((await stage.reeve('lock', 'current')).stdout, 'free\n');
  assert.equal((await stage.reeve('lock', 'acquire', 'export', '--task', 'weekly')).exit, 0);
  assert.equal((await stage.reeve('lock', 'acquire', 'export', '--task', 'weekly')).exit, 0, 'asked again');
  assert.equal((await stage.reeve('lock', 'acquire', 'ann', '--task', 'other')).exit, 2);
  assert.equal((await stage.reeve('lock', 'release', '--task', 'other')).exit, 3);
  assert.equal((await stage.reeve('lock', 'current')).stdout, 'export\n');
  assert.equal((await stage.reeve('status')).exit, 69, 'there is no agent still');

  const refused = await stage.reeve('restart');
  assert.equal(refused.exit, 2);
  assert.match(refused.stderr, /"export" holds the lock for "weekly"/);
  assert.equal((await stage.reeve('lock', 'release', '--task', 'weekly')).exit, 0);
  assert.equal((await stage.reeve('restart')).exit, 0);
});
