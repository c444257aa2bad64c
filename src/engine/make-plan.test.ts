import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STACK } from '../../test/worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { isReported, type ErrorReport } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import { observeStack } from './observe-stack.ts';
import type { PlanRequest } from './plan-request.ts';

const web = { run: 'web', route: 'shop.localhost', health: { http: '/up' } };
const shop: Written = {
  services: { web },
  jobs: { report: { run: 'r', phase: 'manual' } },
  bake: '0s',
  warm: '0s',
};

const deployed = async (written = shop): Promise<SimulatedLife> => {
  const life = new SimulatedLife();
  await life.deploys(written, 'r1');
  return life;
};

const refusal = async (life: SimulatedLife, request: PlanRequest): Promise<ErrorReport> => {
  try {
    await life.agent.queue.plan(request);
  } catch (error) {
    assert.ok(isReported(error), String(error));
    return error.report;
  }
  throw new Error('it was not refused');
};

describe('a plan', () => {
  test('touches nothing and takes no lock', async () => {
    const life = await deployed();
    life.agent.revision = 'r2';
    const before = life.snapshot();
    const { plan } = await life.agent.queue.plan(deployRequest(shop));
    assert.equal(plan.release.to, 2);
    assert.deepEqual(life.snapshot(), before);
    assert.equal(life.host.store.lock.read(STACK).owner, 'free');
    assert.equal(life.host.store.releases.get(STACK, 2), null);
  });

  test('is empty when the same is deployed again, although lines of the file moved', async () => {
    const life = await deployed();
    const { plan } = await life.agent.queue.plan(deployRequest({ ...shop }));
    assert.deepEqual(plan.steps, []);
  });

  test('is refused with every problem of the stack file', async () => {
    const life = new SimulatedLife();
    const report = await refusal(
      life,
      deployRequest({ services: { web: { run: 'web', prot: 1, replicas: 'many' } } }),
    );
    assert.equal(report.code, 'stack.invalid');
    assert.equal(report.exit, 2);
    assert.ok((report.problems?.length ?? 0) >= 2);
  });

  test('is refused with every problem of the environment, before the source is asked', async () => {
    const life = new SimulatedLife();
    const problem: Problem = {
      code: 'env.missing',
      severity: 'error',
      file: 'reeve.yaml',
      line: 3,
      column: 1,
      message: 'DATABASE_URL is not set',
    };
    life.agent.hands.environments.assemble = async () => ({
      fingerprint: '',
      problems: [problem],
      serviceFingerprints: () => ({}),
    });
    life.agent.hands.source.resolve = () => assert.fail('the source was asked');
    const report = await refusal(life, deployRequest(shop));
    assert.equal(report.code, 'env.invalid');
    assert.deepEqual(report.problems, [problem]);
  });

  test('is refused for a ref of a source that is a folder', async () => {
    const report = await refusal(new SimulatedLife(), { ...deployRequest(shop), ref: 'main' });
    assert.equal(report.code, 'source.no-ref');
  });

  const UNKNOWN: readonly (readonly [string, PlanRequest])[] = [
    ['stack.unknown', { want: 'restart', stack: 'other', services: [] }],
    ['service.unknown', { want: 'restart', stack: STACK, services: ['wbe'] }],
    ['service.unknown', { want: 'scale', stack: STACK, service: 'wbe', replicas: 2 }],
    ['job.unknown', { want: 'job', stack: STACK, job: 'nothing' }],
    ['release.none', { want: 'rollback', stack: STACK, release: null }],
    ['release.unknown', { want: 'rollback', stack: STACK, release: 9 }],
  ];
  for (const [code, request] of UNKNOWN) {
    test(`is refused with ${code} for ${JSON.stringify(request)}`, async () => {
      assert.equal((await refusal(await deployed(), request)).code, code);
    });
  }

  test('is refused for a release that is bad, or that retention removed', async () => {
    const life = await deployed();
    for (const revision of ['r2', 'r3']) await life.deploys(shop, revision);
    life.host.store.releases.setState(STACK, 1, 'bad', 'it was never healthy');
    const bad = await refusal(life, { want: 'rollback', stack: STACK, release: 1 });
    assert.deepEqual([bad.code, bad.why], ['release.bad', 'it was never healthy']);
    life.host.store.releases.setHasTree(STACK, 2, false);
    assert.equal(
      (await refusal(life, { want: 'rollback', stack: STACK, release: 2 })).code,
      'release.no-tree',
    );
    assert.equal(
      (await refusal(life, { want: 'rollback', stack: STACK, release: null })).code,
      'release.none',
    );
  });
});

describe('observing a stack', () => {
  test('counts ports of others as busy, with their owner where that is known, and not its own', async () => {
    const life = await deployed();
    const own = life.host.store.ports.of(STACK)['web-1-blue']!;
    life.host.store.ports.reserve('other', { 'api-1-blue': 20_500 });
    life.host.listening.add(own).add(8080);
    const observed = await observeStack(life.agent.hands, STACK);
    assert.deepEqual(observed.busyPorts, [20_500, 8080]);
    assert.deepEqual(observed.portOwners, { 20_500: 'stack "other" (api-1-blue)' });
  });

  test('counts its own port as busy when another program listens there and its own copy does not run', async () => {
    const life = await deployed();
    const idle = life.host.store.ports.of(STACK)['web-1-green']!;
    life.host.listening.add(idle);
    assert.deepEqual((await observeStack(life.agent.hands, STACK)).busyPorts, [idle]);
  });

  test('keeps a scale as long as the file has the count it was set over', async () => {
    const life = await deployed();
    await life.does({ want: 'scale', stack: STACK, service: 'web', replicas: 3 });
    await life.deploys(shop, 'r2');
    assert.equal(Object.keys(life.snapshot() as object).length > 0 && life.host.processes.size, 3);
    await life.deploys({ ...shop, services: { web: { ...web, replicas: 2 } } }, 'r3');
    assert.equal(life.host.processes.size, 2);
  });
});
