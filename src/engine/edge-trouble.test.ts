// An edge that does not answer, or says nothing, while a change goes on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import type { Edge } from '../ports/edge.ts';

const web = { run: 'web', route: 'shop.localhost', health: { http: '/up' }, drain: '10s' };
const shop: Written = { services: { web }, bake: '3s', warm: '0s' };

const deployed = async (): Promise<SimulatedLife> => {
  const life = new SimulatedLife();
  await life.deploys(shop, 'r1');
  life.agent.revision = 'r2';
  return life;
};

const change = (life: SimulatedLife, parts: Partial<Edge>): void => {
  Object.assign(life.agent.hands.edge, parts);
};

const mute = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'));

describe('an edge in trouble', () => {
  test('does not keep a change for ever when the page that is asked for never answers', async () => {
    const life = await deployed();
    change(life, {
      ask: (_host, _path, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    });
    const { error, state } = await life.does(deployRequest(shop));
    assert.deepEqual([state, error?.code], ['failed', 'verify.wrong-answer']);
    assert.match(error?.message ?? '', /no answer within 30 s/);
    assert.deepEqual(life.flaws(), []);
  });

  test('does not let an old copy stop while nobody knows what it still has to answer', async () => {
    const life = await deployed();
    const { edge } = life.agent.hands;
    const traffic = edge.traffic.bind(edge);
    life.host.onEvent = (event) => {
      if (event.event === 'step.recorded' && event.record.event === 'intent') change(life, { traffic: mute });
    };
    const begun = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.release(2).state === 'current');
    await life.host.clock.advance(9_000);
    assert.ok(life.host.processes.has('web-1-blue'));
    life.host.onEvent = () => {};
    change(life, { traffic });
    const ended = await life.end(begun);
    assert.equal(ended.state, 'done');
    assert.ok(!life.host.processes.has('web-1-blue'));
  });

  test('is no fault of the release that is watched', async () => {
    const life = await deployed();
    change(life, { traffic: mute });
    const { outcome } = await life.does(deployRequest(shop));
    assert.equal(outcome, 'Release 2 is live');
    assert.match(life.host.problems.join(), /traffic of "shop" could not be counted/);
  });
});
