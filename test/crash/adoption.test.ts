// Twenty instances at work when their agent is killed, and mishaps of every kind while there is none: the next agent
// finds those that live, brings back those that do not, and starts nothing twice.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { InstanceStatus } from '../../src/model/health.ts';
import {
  instanceLogPath,
  type Layout,
  resolveLayout,
  runFolder,
  sharedFolder,
} from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type CrashStage, openCrashStage, processesOfStack } from '../worlds/crash-stage.ts';

const NAME = 'twenty';

// Fails at its start, or later, as soon as there is a file with its instance's name.
const WORKER = `
[ -e "$REEVE_SHARED/fail-$REEVE_INSTANCE" ] && exit 5
echo ready
i=0
while [ ! -e "$REEVE_SHARED/fail-$REEVE_INSTANCE" ]; do
  i=$((i + 1))
  echo "line $i"
  sleep 0.1
done
exit 42
`;

const STACK = `name: ${NAME}
services:
  worker:
    run: sh worker.sh
    replicas: 18
    health: { log: ready, settle: 50ms }
    stop: { grace: 2s }
  frail:
    run: sh worker.sh
    restart: never
    health: { log: ready, settle: 50ms }
  looping:
    run: sh worker.sh
    health: { log: ready, settle: 50ms }
shared: [data]
bake: 0s
`;

const FRAIL = 'frail-1-blue';
const LOOPING = 'looping-1-blue';
const FALLEN = 'worker-1-blue';
/** Their shims are killed, or their records torn, or both. */
const SHIMLESS = 'worker-2-blue';
const TORN = 'worker-3-blue';
const TORN_AND_SHIMLESS = 'worker-4-blue';

describe('an agent that comes after one that was killed with twenty instances at work', () => {
  let stage: CrashStage;
  let layout: Layout;
  let earlier: ReadonlyMap<string, InstanceStatus>;

  const instances = async (): Promise<ReadonlyMap<string, InstanceStatus>> => {
    const { services } = await stage.status();
    return new Map(services.flatMap((service) => service.instances.map((one) => [one.id, one])));
  };
  const failFile = (id: string): string => join(sharedFolder(layout, NAME), `fail-${id}`);
  const recordOf = (id: string): string => join(runFolder(layout, NAME), id, 'record');
  const programs = (): readonly string[] =>
    processesOfStack(stage)
      .filter((line) => line.endsWith(' program'))
      .map((line) => line.split(' ')[0]!);

  before(async () => {
    stage = await openCrashStage({ stack: NAME, files: { 'reeve.yaml': STACK, 'worker.sh': WORKER } });
    layout = resolveLayout(stage.env, process.getuid?.() ?? 0);
    await stage.ensureAgent();
    await stage.make(stage.deployNext());
    earlier = await instances();
    assert.equal(earlier.size, 20);
    const pidOf = (id: string): number => earlier.get(id)!.pid!;

    writeFileSync(failFile(LOOPING), '');
    await eventually(
      'one is in back-off',
      async () => (await instances()).get(LOOPING)!.nextStartAt !== null,
    );
    await stage.killAgent();
    for (const id of [FRAIL, FALLEN]) {
      writeFileSync(failFile(id), '');
      await eventually(`${id} is gone`, () => !isRunning(pidOf(id)));
      rmSync(failFile(id));
    }
    // The program's line in the record: "started GENERATION PID START-TIME SHIM-PID SHIM-START-TIME".
    const words = (id: string): string => readFileSync(recordOf(id), 'utf8');
    for (const id of [SHIMLESS, TORN_AND_SHIMLESS]) {
      process.kill(Number(words(id).split(' ')[4]), 'SIGKILL');
    }
    for (const id of [TORN, TORN_AND_SHIMLESS]) writeFileSync(recordOf(id), words(id).slice(0, 24));
    await stage.ensureAgent();
  });

  after(() => stage.close());

  test('finds the processes that live, whatever became of their shims and records', async () => {
    const now = await instances();
    assert.equal(now.size, 20);
    for (const [id, { pid }] of earlier) {
      if ([FRAIL, LOOPING, FALLEN].includes(id)) continue;
      assert.equal(now.get(id)?.pid, pid, id);
      assert.equal(now.get(id)?.activity, 'running', id);
    }
  });

  test('says how the one ended that is not restarted', async () => {
    const { activity, pid, lastExit } = (await instances()).get(FRAIL)!;
    assert.deepEqual({ activity, pid, code: lastExit?.code }, { activity: 'ended', pid: null, code: 42 });
  });

  test('brings back the one that ended meanwhile, and goes on trying the one in back-off', async () => {
    await eventually(`${FALLEN} runs`, async () => (await instances()).get(FALLEN)!.activity === 'running');
    const { pid, lastExit } = (await instances()).get(FALLEN)!;
    assert.notEqual(pid, earlier.get(FALLEN)!.pid);
    assert.equal(lastExit?.code, 42);
    assert.equal((await instances()).get(LOOPING)!.lastExit?.code, 5);
    rmSync(failFile(LOOPING));
    await eventually(
      `${LOOPING} runs`,
      async () => (await instances()).get(LOOPING)!.activity === 'running',
      40_000,
    );
  });

  test('has started nothing twice, and no line of output is lost or doubled', async () => {
    const meant = [...earlier.keys()].filter((id) => id !== FRAIL);
    assert.deepEqual(programs(), meant.toSorted());
    for (const id of meant.filter((one) => one !== LOOPING && one !== FALLEN)) {
      const text = readFileSync(instanceLogPath(layout, NAME, id, 'out'), 'utf8');
      const numbers = [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
      assert.ok(numbers.length > 0);
      assert.deepEqual(
        numbers,
        numbers.map((_, at) => at + 1),
        id,
      );
    }
  });

  test('notices the end of each one it found, and starts one in its place', async () => {
    for (const id of [SHIMLESS, TORN, TORN_AND_SHIMLESS, 'worker-5-blue']) {
      process.kill(earlier.get(id)!.pid!, 'SIGKILL');
    }
    for (const id of [SHIMLESS, TORN, TORN_AND_SHIMLESS, 'worker-5-blue']) {
      await eventually(`${id} runs again`, async () => {
        const { pid, activity } = (await instances()).get(id)!;
        return activity === 'running' && pid !== earlier.get(id)!.pid;
      });
    }
    assert.equal(programs().length, 19);
    assert.equal(new Set(programs()).size, 19);
  });
});
