// The one kind of change that nobody asks for: the agent is killed right after each write of one that stops warm copies whose
// time is over, and another brings it to its end. A sample of them; every journal record in `npm run proof`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAgentLost } from '../../src/client/lost-agent.ts';
import { type Change, isEnded } from '../../src/model/change.ts';
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

const SEED = Number(process.env.SEED ?? 1);
const SAMPLE = 2;
/** The agent looks every few seconds for copies whose time is over. */
const NOTICED_MS = 30_000;

let stage: CrashStage;

before(async () => {
  stage = await openCrashStage({ stack: 'retiring', files: crashStack('retiring', '    deploy: swap') });
  stage.edit('reeve.yaml', 'warm: 10m', 'warm: 1s');
  await stage.ensureAgent();
  await stage.make(stage.deployNext());
});

after(() => stage.close());

/** The change that retires what the next deploy leaves warm; of the deploy itself nothing is counted. */
const retirementAfterDeploy = async (write: number): Promise<Change> => {
  const deploy = await stage.make(stage.deployNext());
  stage.order({ from: 'insert changes', write, side: 'after' });
  const begun = await eventually('the warm copy is retired', () => laterThan(deploy!.id), NOTICED_MS);
  const change = await stage.ended(begun);
  stage.order(null);
  await stage.ensureAgent();
  return change;
};

// The agent may be dead, or not yet back.
const laterThan = async (id: number): Promise<number | null> => {
  try {
    const [last] = await stage.client.call('listChanges', { query: { limit: 1 } });
    return last && last.id > id ? last.id : null;
  } catch (error) {
    if (!isAgentLost(error)) throw error;
    await stage.ensureAgent();
    return null;
  }
};

const assertRetired = async (change: Change): Promise<void> => {
  assert.equal(change.plan.kind, 'retire');
  assert.equal(change.state, 'done', describeChange(change));
  const { release, services, lock } = await stage.status();
  assert.equal(lock.owner, 'free');
  const instances = services.flatMap((service) => service.instances);
  assert.deepEqual(
    instances.filter(({ warmUntil }) => warmUntil !== null),
    [],
  );
  assert.deepEqual(
    processesOfStack(stage),
    instances.flatMap(({ id }) => [`${id} program`, `${id} shim`]).toSorted(),
  );
  assert.match(await askRoute(stage), new RegExp(`^release ${release?.id} from`));
};

test('an agent that is killed while it retires a warm copy is followed by one that does it', async (t) => {
  await assertRetired(await retirementAfterDeploy(Number.MAX_SAFE_INTEGER));
  const writes = stage.takeWrites();
  const random = seededRandom(SEED);
  const points = writes.flatMap((label, at) =>
    isWholeProof && !label.startsWith('insert records') ? [] : [at + 1],
  );
  while (!isWholeProof && points.length > SAMPLE) points.splice(Math.floor(random() * points.length), 1);
  for (const write of points) {
    const agent = await stage.agentPid();
    const change = await retirementAfterDeploy(write);
    t.diagnostic(`killed after write ${write} of ${writes.length}: ${writes[write - 1]}: ${change.outcome}`);
    assert.ok(!isRunning(agent), 'it was killed');
    assert.ok(isEnded(change.state));
    await assertRetired(change);
  }
  assert.ok(points.length > 0);
});
