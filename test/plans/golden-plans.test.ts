// Every kind of plan as people read it. A difference is a change of behaviour: read it, then UPDATE_GOLDEN=1.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { uncolored } from '../../src/cli/output/paint.ts';
import { renderPlan } from '../../src/cli/output/plan.ts';
import { chooseSymbols } from '../../src/cli/output/symbols.ts';
import { paintLines } from '../../src/cli/output/text.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Desired } from '../../src/plan/desired.ts';
import { deployOf, nothingObserved, rollbackTo, StackLife } from '../worlds/observed-builder.ts';
import { buildJob, buildService, buildStack, type ServiceParts } from '../worlds/stack-builder.ts';

const web = (parts: ServiceParts = {}) =>
  buildService('web', { routes: ['shop.localhost'], dependsOn: ['api'], ...parts });
const api = (parts: ServiceParts = {}) =>
  buildService('api', { routes: ['shop.localhost/api'], dependsOn: ['worker:started'], ...parts });
const worker = (parts: ServiceParts = {}) => buildService('worker', parts);
const jobs = [
  buildJob('install', 'build'),
  buildJob('smoke', 'gate'),
  buildJob('migrate', 'before'),
  buildJob('notify', 'after'),
  buildJob('report', 'manual'),
];
const shop = buildStack([web({ replicas: 2 }), api(), worker()], { jobs });
const small = buildStack([web({ dependsOn: [] })]);

const first = 'a1b2c3d Sell things';
const second = 'b2c3d4e Fix the footer';
const third = 'c3d4e5f Sell more';

const life = (): StackLife => new StackLife();
const shopLife = (): StackLife => life().does(deployOf(shop, first));
const smallLife = (): StackLife => life().does(deployOf(small, first));
const withWeb = (parts: ServiceParts) => buildStack([web({ dependsOn: [], ...parts })]);
const strategyLife = (parts: ServiceParts): Plan => {
  const stack = withWeb(parts);
  return life().does(deployOf(stack, first)).plan(deployOf(stack, second));
};
const scale = (replicas: number): Desired => ({ kind: 'scale', service: 'web', replicas });

const mixed = buildStack([
  web({ replicas: 2, dependsOn: ['api', 'db'] }),
  api({ strategy: 'rolling', replicas: 2, dependsOn: ['db'] }),
  buildService('db', { port: 5432, strategy: 'recreate', health: { probe: { kind: 'tcp' } } }),
  buildService('search', { routes: ['search.localhost'], strategy: 'recreate', holdMs: 20_000 }),
]);

const PLANS: Readonly<Record<string, () => Plan>> = {
  'first-deploy': () => life().plan(deployOf(shop, first)),
  'second-deploy': () => shopLife().plan(deployOf(shop, second)),
  'third-deploy': () => shopLife().does(deployOf(shop, second)).plan(deployOf(shop, third)),
  'partial-change': () =>
    shopLife().plan(
      deployOf(buildStack([web({ replicas: 2 }), api({ stop: { signal: 'SIGINT', graceMs: 5000 } }), worker()], { jobs }), first),
    ),
  'forced-deploy': () => smallLife().plan(deployOf(small, first, true)),
  'nothing-to-do': () => shopLife().plan(deployOf(shop, first)),
  'deploy-again-after-down': () =>
    shopLife()
      .does({ kind: 'down', purge: false, isForgotten: false })
      .plan(deployOf(shop, first)),
  'rollback-warm': () => {
    const it = shopLife().does(deployOf(shop, second));
    return it.plan(rollbackTo(it.release(1)));
  },
  'rollback-cold': () => {
    const it = shopLife().does(deployOf(shop, second)).does(deployOf(shop, third));
    return it.plan(rollbackTo(it.release(1)));
  },
  'strategy-swap': () =>
    strategyLife({ limits: { memoryBytes: 512 << 20, cpus: null, tasks: null }, port: 3000 }),
  'strategy-rolling': () => strategyLife({ strategy: 'rolling', replicas: 3 }),
  'strategy-recreate': () => strategyLife({ strategy: 'recreate', port: 3000, replicas: 2 }),
  'strategy-mixed': () => life().does(deployOf(mixed, first)).plan(deployOf(mixed, second)),
  'scale-up': () => smallLife().plan(scale(3)),
  'scale-alone': () => life().does(deployOf(withWeb({ strategy: 'recreate' }), first)).plan(scale(2)),
  'scale-down': () => smallLife().does(scale(3)).plan(scale(1)),
  'scale-to-the-same': () => smallLife().plan(scale(1)),
  'restart-all': () => shopLife().plan({ kind: 'restart', services: [] }),
  'restart-recreate': () =>
    life()
      .does(deployOf(mixed, first))
      .plan({ kind: 'restart', services: ['search'] }),
  stop: () => shopLife().plan({ kind: 'stop', services: ['api', 'worker'] }),
  'stop-stopped': () =>
    shopLife()
      .does({ kind: 'stop', services: ['api'] })
      .plan({ kind: 'stop', services: ['api'] }),
  start: () => shopLife().does({ kind: 'stop', services: ['api', 'worker'] }).plan({ kind: 'start', services: [] }),
  down: () => shopLife().plan({ kind: 'down', purge: false, isForgotten: false }),
  'down-purge': () => shopLife().does(deployOf(shop, second)).plan({ kind: 'down', purge: true, isForgotten: false }),
  'down-again': () =>
    shopLife()
      .does({ kind: 'down', purge: false, isForgotten: false })
      .plan({ kind: 'down', purge: false, isForgotten: true }),
  'removed-service': () =>
    shopLife().plan(deployOf(buildStack([web({ replicas: 2, dependsOn: [] }), worker()], { jobs }), second)),
  'added-service': () =>
    smallLife().plan(deployOf(buildStack([web({ dependsOn: [] }), api({ dependsOn: [] })]), first)),
  'moved-route': () =>
    smallLife().plan(
      deployOf(
        buildStack([
          web({ dependsOn: [], routes: ['admin.localhost'] }),
          buildService('shopfront', { routes: ['shop.localhost', 'new.localhost'] }),
        ]),
        second,
      ),
    ),
  'moved-ports': () =>
    life()
      .does(deployOf(withWeb({ port: 3000 }), first))
      .plan(deployOf(withWeb({ port: 4000 }), first)),
  'crashed-instance': () => {
    const it = smallLife();
    return it
      .sees({ instances: it.observed.instances.map((instance) => ({ ...instance, isRunning: false })) })
      .plan(deployOf(small, first));
  },
  'refused-before': () => {
    const it = smallLife();
    const bad = { ...it.release(1), id: 2, state: 'bad', stateReason: 'web was never healthy' } as const;
    return it
      .sees({ releases: [{ ...bad, revision: deployOf(small, second).revision }, it.release(1)], nextReleaseId: 3 })
      .plan(deployOf(small, second));
  },
  pruning: () => {
    const stack = { ...small, retention: { ...small.retention, releases: 1 } };
    const it = life();
    for (const revision of ['1', '2', '3']) it.does(deployOf(stack, revision));
    return it.plan(deployOf(stack, '4'));
  },
  'without-warm-and-bake': () => {
    const stack = { ...small, warmMs: 0, bake: { ...small.bake, forMs: 0 } };
    return life().does(deployOf(stack, first)).plan(deployOf(stack, second));
  },
  retire: () => {
    const it = shopLife().does(deployOf(shop, second));
    return it.plan({ kind: 'retire', places: it.observed.instances.filter(({ isWarm }) => isWarm) });
  },
  job: () => shopLife().plan({ kind: 'job', job: 'report' }),
  'down-of-nothing': () =>
    new StackLife(nothingObserved()).plan({ kind: 'down', purge: false, isForgotten: false }),
};

const symbols = chooseSymbols(false, {});
const goldenPath = (name: string): string => join(import.meta.dirname, `${name}.txt`);

for (const [name, assemble] of Object.entries(PLANS)) {
  test(`the plan "${name}" reads as it was reviewed`, () => {
    const text = paintLines(renderPlan(assemble(), symbols), uncolored);
    if (process.env.UPDATE_GOLDEN) writeFileSync(goldenPath(name), text);
    assert.equal(text, readFileSync(goldenPath(name), 'utf8'));
  });
}

test('every golden text belongs to a plan', () => {
  const texts = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.txt'));
  assert.deepEqual(texts.toSorted(), Object.keys(PLANS).map((name) => `${name}.txt`).toSorted());
});
