// The agent is killed about ten times a second, at moments of a seeded dice, and started again at once each time: most die
// before they answer, in the middle of claiming, opening, adopting. What runs must notice nothing of it.
// STORM_SECONDS for how long; `SEED=n` for other moments.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceStatus } from '../../src/model/health.ts';
import { databasePath, type Layout, resolveLayout } from '../../src/model/layout.ts';
import { type AgentKeeper, keepAgent } from '../worlds/agent-keeper.ts';
import { eventually } from '../worlds/conditions.ts';
import { type CrashStage, openCrashStage, processesOfStack } from '../worlds/crash-stage.ts';
import { eventStreamClient } from '../worlds/load/event-stream-client.ts';
import { keepAliveClient } from '../worlds/load/keep-alive-client.ts';
import { startMixedLoad } from '../worlds/load/mixed-load.ts';
import { webSocketClient } from '../worlds/load/web-socket-client.ts';
import { assertNumbered, instancesOf, lifeOf, numberedStack } from '../worlds/numbered-stack.ts';
import { sayLoad } from '../worlds/proof-load.ts';
import { isWholeProof, writeProof } from '../worlds/proof-report.ts';
import { seededRandom } from '../worlds/seeded-random.ts';

const NAME = 'stormy';
const COPIES = 20;
/** On average 0.9 x CLOSE_MS + 0.1 x PAUSE_MS / 2: a tenth of a second, with what the kill itself takes. */
const CLOSE_MS = 30;
const PAUSE_MS = 1200;
const SEED = Number(process.env.SEED ?? 1);
const SECONDS = Number(process.env.STORM_SECONDS ?? (isWholeProof ? 60 : 15));

describe('what runs while its agent is killed ten times a second', () => {
  let stage: CrashStage;
  let layout: Layout;
  let earlier: ReadonlyMap<string, InstanceStatus>;
  let keeper: AgentKeeper | null = null;

  before(async () => {
    stage = await openCrashStage({ stack: NAME, files: numberedStack(NAME, COPIES) });
    layout = resolveLayout(stage.env, process.getuid?.() ?? 0);
    await stage.ensureAgent();
    await stage.make(stage.deployNext());
    earlier = await instancesOf(stage);
    await stage.killAgent();
  });
  after(async () => {
    keeper?.leave();
    await stage.close();
  });

  const shimAndProgram = (): readonly string[] =>
    [...earlier.keys()].flatMap((id) => [`${id} program`, `${id} shim`]).toSorted();

  /** Nine of ten moments follow the one before closely, so that agents die young; the tenth leaves one time to come to its work. */
  const storm = async (kept: AgentKeeper): Promise<void> => {
    const random = seededRandom(SEED);
    const until = performance.now() + SECONDS * 1000;
    while (performance.now() < until) {
      const isPause = random() < 0.1;
      await sleep(isPause ? random() * PAUSE_MS : -Math.log(1 - random()) * CLOSE_MS);
      kept.kill();
    }
  };

  test(`goes on for ${SECONDS} s, and no request fails`, async (t) => {
    const load = startMixedLoad({ port: stage.edgePort, host: `${NAME}.localhost` }, [
      ...Array.from({ length: 8 }, (_, at) => keepAliveClient(`client ${at + 1}`, 10)),
      eventStreamClient({ count: 12, everyMs: 25, pauseMs: 50 }),
      webSocketClient({ messages: 8, everyMs: 25, pauseMs: 50 }),
    ]);
    keeper = keepAgent(stage);
    await storm(keeper);
    await eventually('the last agent answers', () => stage.client.call('agentStatus'), 30_000);
    const report = await load.stop();
    sayLoad(t, report);
    const figures = {
      seed: SEED,
      seconds: SECONDS,
      agentsStarted: keeper.started(),
      ofWhichKilled: keeper.killed(),
      ofWhichAnswered: keeper.answering(),
      instances: earlier.size,
      requests: report.requests,
      failed: report.failed,
    };
    t.diagnostic(JSON.stringify(figures));
    writeProof('kill-storm', figures);
    assert.equal(report.failed, 0, report.reasons.join('\n'));
    assert.ok(report.requests > SECONDS * 20);
    // Among all other tests of a busy machine an agent takes longer to come up than it has.
    assert.ok(figures.ofWhichKilled > SECONDS * (isWholeProof ? 5 : 2), `${figures.ofWhichKilled} killed`);
    assert.ok(figures.ofWhichAnswered > (isWholeProof ? 1 : 0), `${figures.ofWhichAnswered} answered`);
    assert.deepEqual(keeper.gaveUp(), []);
  });

  test('has the same processes as before, none twice, all healthy', async () => {
    const now = await eventually('all are healthy', async () => {
      const found = await instancesOf(stage);
      return [...found.values()].every(({ health }) => health === 'healthy') ? found : null;
    });
    assert.deepEqual([...now.values()].map(lifeOf), [...earlier.values()].map(lifeOf));
    assert.deepEqual(processesOfStack(stage), shimAndProgram());
    assert.equal((await stage.status()).lock.owner, 'free');
  });

  test('has written every line once', async (t) => {
    const numbered = [...earlier.values()].filter(({ service }) => service === 'numbered');
    const lines = await assertNumbered(layout, NAME, numbered);
    t.diagnostic(`${lines} lines of ${numbered.length} instances`);
  });

  test('is still what the database says, which is sound and was never made anew', async () => {
    assert.equal((await stage.client.call('agentStatus')).rebuilt, undefined);
    assert.deepEqual(
      readdirSync(layout.home).filter((name) => name.includes('damaged')),
      [],
    );
    const db = new DatabaseSync(databasePath(layout), { readOnly: true });
    const found = db.prepare('PRAGMA integrity_check').all();
    db.close();
    assert.deepEqual(
      found.map((row) => row.integrity_check),
      ['ok'],
    );
    const changes = await stage.client.call('listChanges', { query: { limit: 10 } });
    assert.deepEqual(
      changes.map(({ state }) => state),
      ['done'],
    );
  });

  test('is not among more and more files that agents left when they were killed', async () => {
    await eventually(
      'nothing half made is left',
      () => !readdirSync(layout.home, { recursive: true }).some((name) => String(name).endsWith('.tmp')),
    );
  });

  test('is deployed over by the next agent', async () => {
    keeper!.leave();
    const change = await stage.make(stage.deployNext());
    const { release } = await stage.status();
    assert.equal(release?.id, change!.plan.release.to);
    const fresh = [...(await instancesOf(stage)).values()].filter((one) => one.release === release?.id);
    assert.deepEqual(
      fresh.map(({ health }) => health),
      Array(COPIES + 1).fill('healthy'),
    );
  });
});
