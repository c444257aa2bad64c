// Deploys and rollbacks, mixed, while clients of every kind ask and never ask twice. The changes are submitted over the
// agent's socket, as `reeve deploy` and `reeve rollback` do; a hundred command-line processes would only take longer.
import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WishedFor } from '../../src/api/wire.ts';
import type { Change } from '../../src/model/change.ts';
import type { MixedLoad } from '../worlds/load/mixed-load.ts';
import type { LoadReport } from '../worlds/load/tally.ts';
import { openWebSocket, type WebSocketEnd } from '../worlds/load/web-socket-client.ts';
import { deployNext, makeChange, stepTimes } from '../worlds/make-change.ts';
import { sayLoad, startProofLoad, stepMedians, targetCommand, targetEnv } from '../worlds/proof-load.ts';
import { isWholeProof, median, writeProof } from '../worlds/proof-report.ts';
import { openStage, type Stage } from '../worlds/stage.ts';

const DRAIN_MS = 4_000;
const SOCKETS = 4;
/** Three minutes on two cores of its own. */
const TEST_MS = 600_000;

type Ending = 'gracefully' | 'abruptly' | 'never';

const HUNDRED = { changes: 100, atLeast: 100_000 };
const MANY = { changes: 40, atLeast: 30_000 };
const SOME = { changes: 15, atLeast: 8_000 };

const CASES: readonly { readonly ends: Ending; readonly changes: number; readonly atLeast: number }[] = [
  { ends: 'gracefully', ...(isWholeProof ? HUNDRED : MANY) },
  { ends: 'abruptly', ...(isWholeProof ? HUNDRED : SOME) },
  { ends: 'never', ...(isWholeProof ? HUNDRED : SOME) },
];

const stackFile = (name: string, ends: Ending): string => `name: ${name}
services:
  web:
    run: ${targetCommand()}
    route: ${name}.localhost
    replicas: 2
    env: ${targetEnv({ ON_SIGTERM: ends })}
    health: { http: /up, interval: 250ms, passes: 1, settle: 50ms, within: 20s }
    stop: { grace: 300ms }
    drain: ${DRAIN_MS}ms
bake: 0s
warm: 3s
retention: { releases: 4 }
`;

const measured: Record<string, unknown> = {};

after(() => writeProof('deploys-under-load', { cases: measured }));

for (const { ends, changes, atLeast } of CASES) {
  describe(`a service of two replicas that ends ${ends === 'never' ? 'only by SIGKILL' : ends}`, () => {
    const name = `proof-${ends}`;
    let stage: Stage;

    before(async () => {
      stage = await openStage({ stack: name, files: { 'reeve.yaml': stackFile(name, ends) } });
      const up = await stage.reeve('up');
      assert.equal(up.exit, 0, up.stderr);
      await makeChange(stage, deployNext(stage));
    });

    after(() => stage.close());

    test(
      `drops nothing over ${changes} deploys and rollbacks, and no WebSocket before its time`,
      { timeout: TEST_MS },
      async (t) => {
        const began = performance.now();
        const load = startProofLoad({
          stage,
          host: `${name}.localhost`,
          keepAliveClients: 16,
          slowMs: 3_000,
        });
        const made: Change[] = [];
        try {
          // On a busy host the changes are through before there were enough requests: then there are more of them.
          for (let turn = 1; turn < changes || isShort(load, { atLeast, turn, changes }); turn += 1) {
            made.push(await makeChange(stage, await nextWish(stage, name, turn)));
          }
          const lived = await outliveSwitch(stage, name);
          made.push(lived.change);
          const report = await load.stop();
          const seconds = Math.round((performance.now() - began) / 1000);
          measured[ends] = say(t, { report, made, seconds });

          assert.deepEqual({ failed: report.failed, reasons: report.reasons }, { failed: 0, reasons: [] });
          assert.ok(report.requests >= atLeast, `${report.requests} requests`);
          const moved = made.filter(({ plan }) => plan.steps.some(({ kind }) => kind === 'switch-routes'));
          assert.equal(moved.length, made.length, 'every change moved the traffic');
          assertSocketsOutlived(lived, ends);
          await assertSettled(stage);
        } finally {
          await load.stop();
        }
      },
    );
  });
}

const isShort = (
  load: MixedLoad,
  { atLeast, turn, changes }: { readonly atLeast: number; readonly turn: number; readonly changes: number },
): boolean => load.requests() < atLeast && turn < 3 * changes;

/** Deploys; every third time back: to the release before, which is still warm, or to an older one, which is cold. */
const nextWish = async (stage: Stage, name: string, turn: number): Promise<WishedFor> => {
  if (turn % 3 !== 0) return deployNext(stage);
  if (turn % 6 !== 0) return { want: 'rollback', stack: name, release: null };
  const releases = await stage.client.call('releases', { params: { stack: name } });
  const cold = releases.find(
    ({ state, canRollBack, isWarm }) => state === 'stable' && canRollBack && !isWarm,
  );
  return { want: 'rollback', stack: name, release: cold?.id ?? null };
};

type Outlived = {
  readonly change: Change;
  readonly ends: readonly (WebSocketEnd & { readonly lastEchoAt: number })[];
};

/** A deploy with WebSockets that never want to end, and talk all the time. */
const outliveSwitch = async (stage: Stage, name: string): Promise<Outlived> => {
  const target = { port: stage.edgePort, host: `${name}.localhost` };
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openWebSocket(target)));
  const talks = sockets.map(async ({ echo, ended }) => {
    let lastEchoAt = 0;
    const talk = async (): Promise<void> => {
      for (;;) {
        await echo('still here');
        lastEchoAt = Date.now();
        await sleep(20);
      }
    };
    // It throws when the conversation is over; what is asked is when and how that was.
    await talk().catch(() => undefined);
    return { ...(await ended), lastEchoAt };
  });
  const change = await makeChange(stage, deployNext(stage));
  return { change, ends: await Promise.all(talks) };
};

const assertSocketsOutlived = ({ change, ends }: Outlived, ending: Ending): void => {
  const deadline = stepTimes(change, 'drain-instances').begun + DRAIN_MS;
  for (const { at, lastEchoAt, closeCode } of ends) {
    assert.ok(at >= deadline, `a WebSocket ended ${deadline - at} ms before the drain deadline`);
    assert.ok(
      lastEchoAt >= deadline - 200,
      `its last echo came ${deadline - lastEchoAt} ms before the deadline`,
    );
    // The program's own word, where it says one: 1001 is "going away" (RFC 6455 section 7.4.1).
    assert.equal(closeCode, ending === 'gracefully' ? 1001 : null);
  }
};

const assertSettled = async (stage: Stage): Promise<void> => {
  const { services, lock, change } = await stage.status();
  const serving = services[0]!.instances.filter(({ hasTraffic }) => hasTraffic);
  assert.deepEqual(
    serving.map(({ health }) => health),
    ['healthy', 'healthy'],
  );
  assert.deepEqual([lock.owner, change], ['free', null]);
};

const say = (
  t: TestContext,
  run: {
    readonly report: LoadReport;
    readonly made: readonly Change[];
    readonly seconds: number;
  },
): Record<string, unknown> => {
  const { report, made, seconds } = run;
  const tookMs = (kind: string): number[] =>
    made.filter(({ plan }) => plan.kind === kind).map(({ openedAt, closedAt }) => closedAt! - openedAt);
  const [deploys, rollbacks] = [tookMs('deploy'), tookMs('rollback')];
  const isWarm = ({ plan }: Change): boolean =>
    plan.kind === 'rollback' && !plan.steps.some(({ kind }) => kind === 'start-instances');
  const figures = {
    deploys: deploys.length,
    rollbacks: rollbacks.length,
    ofWhichWarm: made.filter(isWarm).length,
    seconds,
    deployMedianMs: median(deploys),
    rollbackMedianMs: median(rollbacks),
    stepMedianMs: stepMedians(made),
    ...report,
  };
  t.diagnostic(
    `${figures.deploys} deploys (median ${figures.deployMedianMs} ms) and ${figures.rollbacks} rollbacks (${figures.ofWhichWarm} warm, median ${figures.rollbackMedianMs} ms) in ${seconds} s`,
  );
  sayLoad(t, report);
  return figures;
};
