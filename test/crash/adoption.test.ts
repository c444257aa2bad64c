// Twenty instances at work when their agent is killed, and mishaps of every kind while there is none: the next agent
// finds those that live, brings back those that do not, and starts nothing twice.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { instanceLogPath, resolveLayout, runFolder } from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type CrashStage, openCrashStage, processesOfStack } from '../worlds/crash-stage.ts';

const NAME = 'twenty';

// Writes until it is told to fail by a file with its instance's name.
const WORKER = `
i=0
[ -e "$REEVE_SHARED/fail-$REEVE_INSTANCE" ] && exit 5
echo ready
while :; do
  i=$((i + 1))
  echo "line $i"
  [ -e "$REEVE_SHARED/fail-$REEVE_INSTANCE" ] && exit 42
  sleep 0.1
done
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
bake: 0s
`;

const [FRAIL, LOOPING] = ['frail-1-blue', 'looping-1-blue'];
const [SHIMLESS, TORN, TORN_SHIMLESS, BROKEN] = [
  'worker-1-blue',
  'worker-2-blue',
  'worker-3-blue',
  'worker-4-blue',
];
const FALLEN = 'worker-5-blue';

describe('an agent that comes after one that was killed with twenty instances at work', () => {
  let stage: CrashStage;
  let before_: Map<string, number | null>;
  let layout: ReturnType<typeof resolveLayout>;

  const pids = async (): Promise<Map<string, number | null>> =>
    new Map((await instances(stage)).map(({ id, pid }) => [id, pid]));
  const fail = (id: string): void => stage.write(`../state/stacks/${NAME}/shared/fail-${id}`, '');
  const recordOf = (id: string): string => join(runFolder(layout, NAME), id, 'record');

  before(async () => {
    stage = await openCrashStage({ stack: NAME, files: { 'reeve.yaml': STACK, 'worker.sh': WORKER } });
    layout = resolveLayout(stage.env, process.getuid?.() ?? 0);
    await stage.ensureAgent();
    await stage.make(stage.deployNext());
    before_ = await pids();
    assert.equal(before_.size, 20);

    fail(LOOPING);
    await eventually('one is in back-off', async () => (await find(stage, LOOPING)).nextStartAt !== null);
    await stage.killAgent();

    fail(FRAIL);
    fail(FALLEN);
    for (const id of [FRAIL, FALLEN]) {
      const pid = before_.get(id)!;
      await eventually(`${id} is gone`, () => !isRunning(pid));
    }
    for (const id of [SHIMLESS, TORN_SHIMLESS]) process.kill(shimOf(recordOf(id)), 'SIGKILL');
    for (const id of [TORN, TORN_SHIMLESS]) tearRecord(recordOf(id));
    await stage.ensureAgent();
  });

  after(() => stage.close());
