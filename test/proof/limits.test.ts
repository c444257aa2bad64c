// The agent has no file descriptors left, or may start no more processes. What runs goes on, what is asked fails with a
// clear word, and without the limit everything goes on without help.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { cpuMsWithin, eventually, isRunning } from '../worlds/conditions.ts';
import { openProcessLimit, type ProcessLimit, whyNoProcessLimit } from '../worlds/process-limit.ts';
import { errorOf, mustSucceed, openStrained, type Strained } from '../worlds/strained-stage.ts';

const SPAN_MS = 3000;
/** The system's own words are not those of a message. */
const SYSTEM_WORDS = /EMFILE|ENFILE|EAGAIN|Cannot fork/;

// To ask it takes a process.
const ASKED = `
  asked:
    run: exec sleep 1000
    shell: true
    health: { exec: 'true', interval: 200ms, failures: 2 }
`;

const isSkipped = process.getuid?.() === 0 ? false : 'only root can limit another process that runs';

describe('an agent without file descriptors', { skip: isSkipped, concurrency: 1 }, () => {
  let strained: Strained;
  let agent: number;
  let usual: string;

  const limit = (count: number | string): void =>
    void execFileSync('prlimit', ['--pid', String(agent), `--nofile=${count}:`]);
  const leave = (spare: number): void => limit(readdirSync(`/proc/${agent}/fd`).length + spare);

  before(async () => {
    strained = await openStrained({ name: 'proof-descriptors', services: ASKED });
    agent = await strained.stage.agentPid();
    const args = ['--pid', String(agent), '--nofile', '-o', 'SOFT', '--noheadings'];
    usual = execFileSync('prlimit', args).toString().trim();
  });

  afterEach(async () => {
    limit(usual);
    strained.assertUnnoticed();
    await strained.assertRecovered();
    assert.equal(await strained.stage.agentPid(), agent, 'the same agent');
  });

  after(() => strained.close());

  for (const spare of [0, 2, 4, 8, 16]) {
    test(`says what is lacking when it has ${spare} left`, async (t) => {
      const { stage } = strained;
      leave(spare);
      const ran = await stage.reeve('deploy', '--force', '--json');
      const said = ran.exit === 0 ? 'done' : `${errorOf(ran).code}: ${errorOf(ran).message}`;
      t.diagnostic(`exit ${ran.exit}, ${said}`);
      assert.ok([0, 1, 69].includes(ran.exit), said);
      assert.doesNotMatch(said, SYSTEM_WORDS);
      limit(usual);
      await strained.assertWhole();
    });
  }

  test('restarts nobody whom it can not ask for as long', async () => {
    const before = await strained.pids();
    leave(0);
    await cpuMsWithin(agent, SPAN_MS);
    limit(usual);
    assert.deepEqual(await strained.pids(), before);
  });

  test('starts what dies as soon as it has some again', async () => {
    const { pid } = await strained.frail();
    leave(0);
    process.kill(pid!, 'SIGKILL');
    await eventually('it is gone', () => !isRunning(pid!));
    const cpuMs = await cpuMsWithin(agent, SPAN_MS);
    assert.ok(cpuMs < SPAN_MS / 2, `the agent does not spin: ${cpuMs} ms`);
    assert.ok(isRunning(agent), 'the agent is there');
    limit(usual);
    await eventually('it runs again', async () => (await strained.frail()).health === 'healthy', 30_000);
  });
});

describe(
  'an agent that may start no more processes',
  { skip: whyNoProcessLimit() ?? false, concurrency: 1 },
  () => {
    let strained: Strained;
    let processes: ProcessLimit;

    before(async () => {
      strained = await openStrained({ name: 'proof-processes', services: ASKED });
      processes = openProcessLimit();
      processes.take(await strained.stage.agentPid());
    });

    afterEach(async () => {
      processes.lift();
      strained.assertUnnoticed();
      await strained.assertRecovered();
    });

    after(async () => {
      await strained.close();
      processes.close();
    });

    for (const spare of [0, 1, 2]) {
      test(`says so and leaves what runs when there may be ${spare} more`, async (t) => {
        const { stage, pids } = strained;
        const before = await pids('web');
        processes.leave(spare);
        for (const line of ['restart frail', 'scale web=3', 'deploy --force']) {
          const ran = await stage.reeve(...line.split(' '), '--json');
          const said = ran.exit === 0 ? 'done' : `${errorOf(ran).code}: ${errorOf(ran).message}`;
          t.diagnostic(`${line}: exit ${ran.exit}, ${said}`);
          if (line === 'restart frail') continue;
          assert.equal(ran.exit, 1, said);
          assert.doesNotMatch(said, SYSTEM_WORDS);
          if (spare < 2) assert.match(said, /no more processes are allowed/);
        }
        await mustSucceed(stage, 'status');
        assert.deepEqual(await pids('web'), before, 'what ran runs');
      });
    }

    test('restarts nobody whom it can not ask for as long', async () => {
      const before = await strained.pids();
      // Also where a probe was just under way.
      processes.leave(-10);
      await cpuMsWithin(await strained.stage.agentPid(), SPAN_MS);
      assert.deepEqual(await strained.pids(), before);
    });

    test('starts what dies as soon as it may again', async () => {
      const { pid } = await strained.frail();
      // What is freed by its end is not enough for another.
      processes.leave(-10);
      process.kill(pid!, 'SIGKILL');
      const { words } = await eventually(
        'it can not be started',
        async () => {
          const frail = await strained.frail();
          return frail.words.startsWith('did not start') ? frail : null;
        },
        30_000,
      );
      assert.match(words, /did not start: no more processes are allowed/);
      processes.lift();
      await eventually('it runs again', async () => (await strained.frail()).health === 'healthy', 40_000);
    });

    test('is followed by one that finds everything when it is killed there', async () => {
      const { stage, pids } = strained;
      const before = await pids();
      processes.leave(0);
      const deploy = stage.start('deploy', '--force');
      await strained.killAgent();
      await mustSucceed(stage, 'agent', 'start');
      await deploy.ended;
      await strained.assertWhole();
      const lost = before.filter((pid) => !isRunning(pid!));
      assert.ok(lost.length === 0 || (await deploy.ended).exit === 0, 'what ran runs, or was replaced');
      processes.take(await stage.agentPid());
    });
  },
);
