import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { Failure } from '../model/error.ts';

const services = {
  web: { run: 'web', route: 'shop.localhost', health: { http: '/up' } },
  worker: { run: 'work' },
};
const jobs = { install: { run: 'i', phase: 'build' }, migrate: { run: 'm', phase: 'before' } };
const shop: Written = { services, jobs, bake: '2s', warm: '10m' };

describe('a resumed change', () => {
  const once = async (): Promise<SimulatedLife> => {
    const life = new SimulatedLife();
    await life.deploys(shop, 'r1');
    life.agent.revision = 'r2';
    return life;
  };

  test('does not run a job again that ended while nobody watched', async () => {
    const life = await once();
    life.host.jobScripts.set('migrate', { ms: 500 });
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'run migrate' && when === 'after') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    await life.host.clock.advance(1000);
    life.host.calls.length = 0;
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'done');
    assert.ok(!life.host.calls.includes('run migrate'));
  });

  test('fails and is undone when a job is gone and nobody saw how it ended', async () => {
    const life = await once();
    life.host.jobScripts.set('migrate', { ms: Infinity });
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'run migrate' && when === 'after') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    for (const [id, fact] of life.host.jobs) life.host.jobs.set(id, { ...fact, state: 'lost' });
    await life.restartAgent();
    assert.equal(life.change(change.id).error?.code, 'job.lost');
    assert.equal(life.host.release(2).state, 'candidate');
    assert.deepEqual(life.flaws(), []);
  });

  test('is undone when its cancel was asked for before the agent died', async () => {
    const life = await once();
    const { agent } = life;
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    life.host.store.journal.requestCancel(change.id);
    assert.throws(() => agent.crash());
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'cancelled');
    assert.equal(life.change(change.id).error?.code, 'change.cancelled');
    assert.deepEqual(life.flaws(), []);
    assert.ok(!life.host.folders.has(2));
  });

  test('says all of what had failed when the agent died while it undid', async () => {
    const life = await once();
    life.host.gates.set('web@2', { refuses: 'no answer on /up' });
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'remove 2' && when === 'before') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    life.host.hook = () => {};
    await life.restartAgent();
    const { state, error } = life.change(change.id);
    assert.deepEqual([state, error?.code], ['failed', 'gate.never-ready']);
    assert.match(error?.message ?? '', /no answer on \/up/);
    assert.deepEqual(error?.log, ['last words']);
    assert.ok(error?.undone?.includes('the folder of release 2 was removed'));
    assert.equal(life.host.release(2).state, 'bad');
    assert.deepEqual(life.flaws(), []);
  });

  test('has the message alone of what failed when the agent died before it had noted the rest (change.resumed)', async () => {
    const life = await once();
    life.host.gates.set('web@2', { refuses: 'no answer on /up' });
    const { agent } = life;
    life.host.onEvent = (event) => {
      if (event.event === 'step.recorded' && event.record.event === 'failed') agent.crash();
    };
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    life.host.onEvent = () => {};
    await life.restartAgent();
    const { state, error } = life.change(change.id);
    assert.deepEqual([state, error?.code], ['failed', 'change.resumed']);
    assert.match(error?.message ?? '', /no answer on \/up/);
    assert.deepEqual(life.flaws(), []);
  });

  test('does not blame the release when what failed was not its fault and the agent died while it undid', async () => {
    const life = await once();
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'run migrate' && when === 'before')
        throw new Failure('run.lost', 'Cannot start: no memory');
      if (effect === 'remove 2' && when === 'before') agent.crash();
    };
    await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => agent.isDead);
    life.host.hook = () => {};
    await life.restartAgent();
    assert.equal(life.host.release(2).state, 'candidate');
  });

  test('waits for the lock when somebody took it over meanwhile', async () => {
    const life = await once();
    const { agent } = life;
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    assert.throws(() => agent.crash());
    const request = {
      stack: 'shop',
      owner: 'export',
      task: 'dump',
      reason: 'nightly',
      holder: { host: 'box', process: null },
    };
    assert.equal(life.host.store.lock.acquire(request).outcome, 'taken-over');
    life.agent = life.host.agent('r2');
    life.agent.queue.resume();
    life.host.calls.length = 0;
    await life.host.clock.advance(5_000);
    assert.deepEqual(life.host.calls, []);
    await assert.rejects(life.begins({ want: 'restart', stack: 'shop', services: [] }), {
      message: /change 2 runs/,
    });
    life.host.store.lock.release('shop', 'dump');
    await life.end(change);
    assert.equal(life.change(change.id).state, 'done');
  });

  test('is left for the next agent when this one stops, and has the lock until then', async () => {
    const life = await once();
    const change = await life.begins(deployRequest(shop));
    await life.host.clock.runUntil(() => life.host.processes.has('web-1-green'));
    await life.agent.queue.suspend();
    assert.equal(life.change(change.id).state, 'running');
    assert.equal(life.host.store.lock.read('shop').task, `change-${change.id}`);
    life.host.died();
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'done');
    assert.deepEqual(life.flaws(), []);
  });

  test('goes on when the journal can be written again after the disk was full', async () => {
    const life = await once();
    let left = 3;
    life.host.journalHook = (record, when) => {
      if (when === 'before' && record.endsWith('done') && left-- > 0) throw new Error('disk full');
    };
    const change = await life.does(deployRequest(shop));
    assert.equal(change.state, 'done');
    assert.equal(life.host.problems.length, 3);
    assert.deepEqual(life.flaws(), []);
  });

  test('tells the edge again what may have been written down without the edge having read it', async () => {
    const life = await once();
    const { agent } = life;
    life.host.hook = (effect, when) => {
      if (effect === 'site webx2' && when === 'before' && !agent.isDead) agent.crash();
    };
    const change = await life.begins({ want: 'scale', stack: 'shop', service: 'web', replicas: 2 });
    await life.host.clock.runUntil(() => agent.isDead);
    const step = change.plan.steps.find(({ kind }) => kind === 'configure-edge');
    assert.ok(step?.kind === 'configure-edge');
    life.host.site = step.args.site;
    await life.restartAgent();
    assert.equal(life.change(change.id).state, 'done');
    assert.ok(life.host.calls.includes('site webx2'));
  });

  test('finds the lock free that an agent had when it died in its planning, and no other', async () => {
    const life = await once();
    const { lock } = life.host.store;
    const gone = { host: 'box', process: { bootId: 'b', pid: 4_000_000, startTicks: 1 } };
    const reason = 'a story';
    lock.acquire({ stack: 'shop', owner: 'deploy', task: 'plan-deploy', reason, holder: gone });
    lock.acquire({ stack: 'blog', owner: 'deploy', task: 'change-7', reason, holder: gone });
    lock.acquire({ stack: 'wiki', owner: 'export', task: 'dump', reason, holder: gone });
    const byHand = { host: 'box', process: null };
    lock.acquire({ stack: 'mail', owner: 'deploy', task: 'by-hand', reason, holder: byHand });
    await life.restartAgent();
    assert.deepEqual(
      lock.taken().map(({ stack }) => stack),
      ['mail', 'wiki'],
    );
  });
});
