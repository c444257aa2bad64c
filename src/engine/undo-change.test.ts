// Undos that half work: whoever asks is still answered.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { Failure } from '../model/error.ts';

const web = { run: 'web', route: 'shop.localhost', health: { http: '/up' } };
const swap: Written = { services: { web }, bake: '2s', warm: '0s' };
const rolling: Written = { ...swap, services: { web: { ...web, deploy: 'rolling', replicas: 2 } } };
const mixed: Written = {
  ...swap,
  services: {
    web,
    api: { ...web, route: 'api.localhost', deploy: 'rolling' },
    db: { ...web, route: 'db.localhost', deploy: 'recreate' },
  },
};

const deployed = async (written: Written): Promise<SimulatedLife> => {
  const life = new SimulatedLife();
  await life.deploys(written, 'r1');
  life.agent.revision = 'r2';
  life.host.calls.length = 0;
  return life;
};

const failing = (life: SimulatedLife, effect: string): void => {
  life.host.hook = (name, when) => {
    if (name === effect && when === 'before')
      throw new Failure('store.full', 'Cannot write: the disk is full');
  };
};

describe('an undo', () => {
  test('leaves the new copy running when requests can not be led back to the old one', async () => {
    const life = await deployed(swap);
    life.host.bakes.set(2, 'it answered with errors');
    failing(life, 'flags ');
    const { outcome, error } = await life.does(deployRequest(swap));
    assert.deepEqual(life.unrouted(), []);
    assert.ok(life.host.processes.has('web-1-green') && life.host.folders.has(2));
    assert.equal(outcome, 'Release 2 could not be taken back: a part of it still serves');
    assert.match(error?.notUndone?.join('\n') ?? '', /in one step: Cannot write: the disk is full/);
    assert.match(error?.notUndone?.join('\n') ?? '', /Start web .*: left as it is, because requests/);
  });

  test('is followed by a deploy that brings everything in order when it left the new copy running', async () => {
    const life = await deployed(swap);
    life.host.bakes.set(2, 'it answered with errors');
    failing(life, 'flags ');
    await life.does(deployRequest(swap));
    life.host.hook = () => {};
    await life.deploys(swap, 'r3');
    assert.deepEqual(life.flaws(), []);
    assert.deepEqual(
      [...life.host.processes.values()].map(({ release }) => release),
      [3],
    );
  });

  test('goes on with the other replicas when the old copy of one does not come back', async () => {
    const life = await deployed(rolling);
    life.host.bakes.set(2, 'it answered with errors');
    failing(life, 'start web-2-blue@1');
    await life.does(deployRequest(rolling));
    assert.deepEqual(life.unrouted(), []);
    const places = [...life.host.processes].map(([id, { release }]) => `${id}@${release}`).toSorted();
    assert.deepEqual(places, ['web-1-blue@1', 'web-2-green@2']);
  });

  test('lets held requests go and stops the new copies of others when the old copy of one does not come back', async () => {
    const life = await deployed(mixed);
    life.host.gates.set('db@2', { refuses: 'no answer' });
    failing(life, 'start db-1-blue@1');
    await life.does(deployRequest(mixed));
    const { seats, held } = life.host.flags;
    assert.deepEqual([Object.values(seats).includes('green'), held], [false, []]);
    assert.deepEqual([...life.host.processes.keys()].toSorted(), ['api-1-blue', 'web-1-blue']);
  });

  test('knows after a crash what had to stay', async () => {
    const life = await deployed(swap);
    life.host.bakes.set(2, 'it answered with errors');
    failing(life, 'flags ');
    const { agent } = life;
    life.host.journalHook = (record, when) => {
      if (record.endsWith('undo-failed') && when === 'after' && !agent.isDead) agent.crash();
    };
    const { id } = await life.begins(deployRequest(swap));
    await life.host.clock.runUntil(() => agent.isDead);
    await life.restartAgent();
    assert.deepEqual(life.unrouted(), []);
    assert.match(life.change(id).outcome ?? '', /^Release 2 could not be taken back/);
  });
});
