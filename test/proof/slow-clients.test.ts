// Attacks by slowness, going on while a release is deployed: others are served as ever, and the deploy waits for such
// clients until its drain deadline and not a moment longer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../worlds/conditions.ts';
import { keepAliveClient } from '../worlds/load/keep-alive-client.ts';
import { startMixedLoad } from '../worlds/load/mixed-load.ts';
import { deployNext, makeChange, stepTimes } from '../worlds/make-change.ts';
import { sayLoad, targetCommand, targetEnv } from '../worlds/proof-load.ts';
import { writeProof } from '../worlds/proof-report.ts';
import { type SlowAttack, startSlowAttack } from '../worlds/slow-attack.ts';
import { openStage, projectRoot, type Stage } from '../worlds/stage.ts';
import { PROGRAMS } from '../worlds/web-stack.ts';

const DRAIN_MS = 2_000;
/** For a look at what is in flight, and a busy machine. */
const SLACK_MS = 3_000;

/** Of eighty slow requests that come again whenever they are thrown out. */
const HELD = 60;

/** Of the seat that has most. */
const inFlight = async ({ client }: Stage): Promise<number> =>
  Math.max(
    ...[...(await client.call('metrics')).matchAll(/^reeve_edge_requests_in_flight\b.* (\d+)$/gm)].map(
      ([, count]) => Number(count),
    ),
  );

const stackFile = (name: string, strategy: string): string => `name: ${name}
services:
  web:
    run: ${targetCommand()}
    env: ${targetEnv({ ON_SIGTERM: 'never' })}
    route: ${name}.localhost
    health: { http: /up, interval: 500ms, settle: 100ms }
    deploy: ${strategy}
    stop: { grace: 500ms }
    drain: ${DRAIN_MS}ms
    hold: 20s
bake: 300ms
warm: 0s
`;

for (const strategy of ['swap', 'recreate']) {
  describe(`under slow clients of every kind, where the strategy is ${strategy},`, () => {
    const name = `slowly-${strategy}`;
    let stage: Stage;
    let attack: SlowAttack | null = null;

    before(async () => {
      stage = await openStage({ stack: name, files: { 'reeve.yaml': stackFile(name, strategy) } });
      const up = await stage.reeve('up');
      assert.equal(up.exit, 0, up.stderr);
    });
    after(async () => {
      attack?.stop();
      await stage.close();
    });

    test('two deploys are done in their time, and no request of anybody else fails', async (t) => {
      const target = { port: stage.edgePort, host: `${name}.localhost` };
      attack = startSlowAttack(target);
      await eventually('every kind is at it', () => Object.keys(attack!.open()).length === 5);
      const load = startMixedLoad(
        target,
        Array.from({ length: 6 }, (_, at) => keepAliveClient(`client ${at + 1}`, 20)),
      );
      const drains: number[] = [];
      for (const _ of [1, 2]) {
        await eventually(
          'the instance that serves has them',
          async () => (await inFlight(stage)) >= HELD,
          30_000,
        );
        const change = await makeChange(stage, deployNext(stage));
        const { begun, done } = stepTimes(change, 'drain-instances');
        drains.push(done - begun);
      }
      const report = await load.stop();
      sayLoad(t, report);
      t.diagnostic(`drained in ${drains.join(' and ')} ms, of ${DRAIN_MS} at most`);
      writeProof(`slow-clients-${strategy}`, {
        attackers: Object.values(attack.open()).reduce((sum, count) => sum + count, 0),
        drainDeadlineMs: DRAIN_MS,
        slowestDrainMs: Math.max(...drains),
        requests: report.requests,
        failed: report.failed,
      });
      assert.equal(report.failed, 0, report.reasons.join('\n'));
      assert.ok(report.requests > 0);
      for (const ms of drains) assert.ok(ms <= DRAIN_MS + SLACK_MS, `${ms} ms`);
    });

    test('nothing of the old releases is left', async () => {
      const { release, services } = await stage.status();
      assert.deepEqual(
        services.flatMap(({ instances }) => instances.map((one) => one.release)),
        [release?.id],
      );
    });
  });
}

const FLOOD = join(projectRoot, 'test/programs/floods-stdout.ts');
const MB = 1_000_000;
/** For a deploy, and buffers of 300 callers. Each of 50 has 30 MB to come. */
const HELD_MB = 250;

describe('an agent whose own callers are slow', () => {
  const sockets: Socket[] = [];
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'called',
      files: {
        'web.mjs': PROGRAMS.good,
        'reeve.yaml': `name: called
services:
  web:
    run: $REEVE_NODE web.mjs
    route: called.localhost
    health: { http: /up, interval: 500ms, settle: 100ms }
    stop: { grace: 1s }
jobs:
  flood: { phase: manual, run: $REEVE_NODE ${FLOOD} 300000 }
bake: 0s
warm: 0s
`,
      },
    });
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await stage.close();
  });

  const call = async (text: string): Promise<void> => {
    const socket = connect((await stage.client.call('agentStatus')).socket);
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // Nothing is ever read: what the kernel does not hold stays with the agent.
    socket.write(text);
  };

  test('answers others and deploys, and keeps next to nothing for those that do not read', async (t) => {
    const rss = async (): Promise<number> => (await stage.client.call('agentStatus')).rssBytes / MB;
    const before = await rss();
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: reeve\r\n\r\n`;
    for (let more = 0; more < 50; more += 1) {
      await call('');
      await call('POST /v1/changes HTTP/1.1\r\nhost: reeve\r\ncontent-length: 1000\r\n\r\n{');
      await call('GET /v1/agent HTTP/1.1\r\nx-a: ');
      await call(get('/v1/events'));
      await call(get('/v1/stacks/called/logs?follow=true'));
    }
    const flood = await stage.reeve('run', 'flood');
    assert.equal(flood.exit, 0, flood.stderr);
    const { id } = await stage.lastChange();
    for (let more = 0; more < 50; more += 1)
      await call(get(`/v1/stacks/called/logs?follow=true&since=0&instance=job-${id}-flood`));
    await makeChange(stage, deployNext(stage));
    const after = await rss();
    t.diagnostic(`${Math.round(before)} MB before, ${Math.round(after)} MB with 300 slow callers`);
    assert.ok(after - before < HELD_MB, `grew by ${after - before} MB`);
  });
});
