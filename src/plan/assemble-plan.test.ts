// What holds for every plan, whatever stack and whatever came before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyPlan,
  applyStep,
  deployOf,
  isOneOf,
  rollbackTo,
  StackLife,
} from '../../test/worlds/observed-builder.ts';
import { buildService, buildStack } from '../../test/worlds/stack-builder.ts';
import { type InstancePlace, instanceId, parseInstanceId } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Service, Stack } from '../model/stack.ts';
import type { Desired } from './desired.ts';

const NAMES = ['web', 'api', 'db', 'worker'] as const;

const anyService = (name: string, index: number): fc.Arbitrary<Service> =>
  fc
    .record({
      strategy: fc.constantFrom('swap', 'rolling', 'recreate'),
      replicas: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom('routed', 'routed', 'listening', 'silent'),
      isFixed: fc.boolean(),
      base: fc.constantFrom(3000, 3001, 3003, 3050),
      dependsOn: fc.subarray(NAMES.slice(index + 1)),
      isStarted: fc.boolean(),
      hosts: fc.subarray(['one', 'two'], { minLength: 1 }),
    })
    .map((it) =>
      buildService(name, {
        strategy: it.strategy as Service['strategy'],
        replicas: it.replicas,
        port:
          it.kind === 'silent' ? null : it.isFixed ? it.base + (it.base < 3050 ? 0 : index * 100) : 'auto',
        routes: it.kind === 'routed' ? it.hosts.map((host) => `${host}.localhost/${name}`) : [],
        dependsOn: it.dependsOn.map((on) => (it.isStarted ? `${on}:started` : on)),
      }),
    );

// A route may go from one service to another: "shared.localhost" belongs to the first routed service of the stack.
const anyStack: fc.Arbitrary<Stack> = fc
  .tuple(fc.tuple(...NAMES.map(anyService)), fc.subarray([0, 1, 2, 3], { minLength: 1 }), fc.nat(9))
  .map(([services, chosen, owner]) => {
    const present = withoutPortConflicts(chosen.map((index) => services[index]!));
    const names = new Set(present.map(({ name }) => name));
    const routed = present.filter(({ routes }) => routes.length > 0);
    const lucky = routed[owner % Math.max(1, routed.length)];
    return buildStack(
      present.map((service) => ({
        ...service,
        dependsOn: service.dependsOn.filter((on) => names.has(on.service)),
        routes:
          service === lucky
            ? [...service.routes, { host: 'shared.localhost', path: '/', stripPath: false }]
            : service.routes,
      })),
    );
  });

// What the rules of the stack file refuse: two fixed ranges that overlap.
const withoutPortConflicts = (services: readonly Service[]): Service[] => {
  const taken = new Set<number>();
  return services.map((service) => {
    if (typeof service.port !== 'number') return service;
    const base = service.port;
    const range = Array.from({ length: service.replicas * 2 }, (_, index) => base + index);
    if (range.some((port) => taken.has(port))) return { ...service, port: 'auto' };
    for (const port of range) taken.add(port);
    return service;
  });
};

type Act = (life: StackLife) => Desired | null;

const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)];

const services = (life: StackLife): readonly Service[] => life.observed.currentRelease?.stack.services ?? [];

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(anyStack, fc.constantFrom('r1', 'r2', 'r3'), fc.boolean()).map(toDeploy) },
  { weight: 2, arbitrary: fc.nat(20).map(toRollback) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('restart', 'start', 'stop'), fc.nat(5))
      .map(([kind, index]): Act => (life) => {
        const service = pick(services(life), index);
        return service ? { kind: kind as 'restart', services: [service.name] } : null;
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(5), fc.nat(3)).map(([index, replicas]): Act => (life) => {
      const service = pick(services(life), index);
      return service ? { kind: 'scale', service: service.name, replicas } : null;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Act>((life) =>
      services(life).length > 0 ? { kind: 'down', purge: false, isForgotten: false } : null,
    ),
  },
);

function toDeploy([stack, revision, force]: [Stack, string, boolean]): Act {
  return () => deployOf(stack, revision, force);
}

function toRollback(index: number): Act {
  return (life) => {
    const release = pick(
      life.observed.releases.filter(({ hasTree, state }) => hasTree && state !== 'candidate'),
      index,
    );
    return release ? rollbackTo(release) : null;
  };
}

/** Lives a few acts; `checked` sees each plan before it is applied. */
const forEveryPlan = (checked: (plan: Plan, before: Observed, desired: Desired) => void): void =>
  fc.assert(
    fc.property(fc.array(anyAct, { minLength: 1, maxLength: 8 }), (acts) => {
      const life = new StackLife();
      const story: string[] = [];
      for (const act of acts) {
        const desired = act(life);
        if (!desired) continue;
        const plan = life.plan(desired);
        story.push([plan.sentence, ...plan.steps.map(({ sentence }) => `  ${sentence}`)].join('\n'));
        try {
          checked(plan, life.observed, desired);
        } catch (error) {
          throw new Error(`${(error as Error).message}\n\n${story.join('\n')}`, { cause: error });
        }
        life.does(desired);
      }
    }),
    { numRuns: 150 },
  );

/** What is observed before each step of a plan, and after it. */
const walk = (
  plan: Plan,
  before: Observed,
  seen: (step: Step, before: Observed, after: Observed) => void,
): void => {
  let now = before;
  for (const step of plan.steps) {
    const after = applyStep(now, step);
    seen(step, now, after);
    now = after;
  }
};

const isTwin = (a: InstancePlace, b: InstancePlace): boolean =>
  a.service === b.service && a.slot === b.slot && a.seat !== b.seat;

test('a plan leads to what is desired when every step succeeds: planning again finds nothing to do', () => {
  forEveryPlan((plan, before, desired) => {
    if (desired.kind === 'restart' || (desired.kind === 'deploy' && desired.force)) return;
    const life = new StackLife(applyPlan(before, plan));
    const again = life.plan(desired.kind === 'down' ? { ...desired, isForgotten: true } : desired);
    assert.deepEqual(
      again.steps.map(({ sentence }) => sentence),
      [],
    );
    assert.match(again.sentence, /^Nothing to do: /);
  });
});

test('a deploy or rollback leaves exactly the desired copies working, each of the right fingerprint', () => {
  forEveryPlan((plan, before, desired) => {
    if (desired.kind !== 'deploy' && desired.kind !== 'rollback') return;
    const after = applyPlan(before, plan);
    const stack = desired.kind === 'deploy' ? desired.stack : desired.release.stack;
    const wanted = stack.services.flatMap(({ name, replicas }) =>
      Array.from({ length: before.scale[name] ?? replicas }, (_, index) => `${name}.${index + 1}`),
    );
    const working = after.instances.filter(({ isWarm }) => !isWarm);
    assert.deepEqual(working.map(({ service, slot }) => `${service}.${slot}`).toSorted(), wanted.toSorted());
    for (const instance of working) {
      assert.equal(instance.fingerprint, desired.serviceFingerprints[instance.service]);
    }
  });
});

test('traffic only moves in the cut-over, and only to copies that were gated or served before', () => {
  forEveryPlan((plan, before) => {
    const gated = new Set(before.instances.map(instanceId));
    walk(plan, before, (step, _, after) => {
      if (step.kind === 'start-instances')
        for (const place of step.args.places) gated.delete(instanceId(place));
      if (step.kind === 'stop-instances')
        for (const place of step.args.places) gated.delete(instanceId(place));
      if (step.kind === 'pass-gate') for (const place of step.args.places) gated.add(instanceId(place));
      const isMove = step.kind === 'switch-routes' || step.kind === 'configure-edge';
      if (!isMove) return;
      assert.ok(
        step.phase === 'cut-over' || (step.phase === 'finish' && plan.kind === 'down'),
        step.sentence,
      );
      for (const { service, slots } of after.site?.services ?? []) {
        if (after.flags.maintenance.includes(service) || after.flags.held.includes(service)) continue;
        for (const { slot } of slots) {
          const seat = after.flags.seats[`${service}.${slot}`] ?? 'blue';
          assert.ok(gated.has(`${service}-${slot}-${seat}`), `${step.sentence}: ${service}-${slot}-${seat}`);
        }
      }
    });
  });
});

test('who has traffic keeps running until it is moved, held or answered by the maintenance page', () => {
  forEveryPlan((plan, before) => {
    walk(plan, before, (step, now, after) => {
      if (step.kind !== 'stop-instances') return;
      for (const place of step.args.places) {
        const isHeld =
          now.flags.held.includes(place.service) || now.flags.maintenance.includes(place.service);
        const isSlot = now.site?.services.some(
          ({ service, slots }) => service === place.service && slots.some(({ slot }) => slot === place.slot),
        );
        const seat = now.flags.seats[`${place.service}.${place.slot}`] ?? 'blue';
        assert.ok(isHeld || !isSlot || seat !== place.seat, `${step.sentence} while it has traffic`);
      }
      assert.ok(!after.instances.some((instance) => isOneOf(instance, step.args.places)));
    });
  });
});

test('a service that must not run twice never does', () => {
  forEveryPlan((plan, before, desired) => {
    if (desired.kind !== 'deploy') return;
    const alone = new Set(
      desired.stack.services.filter(({ strategy }) => strategy === 'recreate').map(({ name }) => name),
    );
    walk(plan, before, (step, now, after) => {
      if (step.kind !== 'start-instances') return;
      for (const place of step.args.places.filter(({ service }) => alone.has(service))) {
        assert.ok(!now.instances.some((other) => isTwin(other, place)), step.sentence);
        const fingerprints = after.instances
          .filter(({ service }) => service === place.service)
          .map(({ fingerprint }) => fingerprint);
        assert.equal(new Set(fingerprints).size, 1, `${step.sentence}: two versions at once`);
      }
    });
  });
});

test('every started copy of a listening service has a port, and no two share one but the seats of one replica', () => {
  forEveryPlan((plan, before, desired) => {
    const stack =
      desired.kind === 'deploy' || desired.kind === 'rollback'
        ? (desired.kind === 'deploy' ? desired : desired.release).stack
        : before.currentRelease!.stack;
    walk(plan, before, (step, now) => {
      if (step.kind !== 'start-instances') return;
      for (const place of step.args.places) {
        const service = stack.services.find(({ name }) => name === place.service)!;
        const port = now.ports[instanceId(place)];
        if (service.port === null) continue;
        assert.notEqual(port, undefined, `${instanceId(place)} has no port`);
        for (const other of now.instances) {
          const isOther = instanceId(other) !== instanceId(place);
          const { stack: its } = now.releases.find(({ id }) => id === other.release)!;
          const listens = its.services.find(({ name }) => name === other.service)?.port !== null;
          if (!isOther || !listens) continue;
          assert.notEqual(
            now.ports[instanceId(other)],
            port,
            `${instanceId(place)} and ${instanceId(other)}`,
          );
        }
      }
    });
    for (const step of plan.steps) {
      if (step.kind !== 'configure-edge') continue;
      const used = (step.args.site?.services ?? []).flatMap(({ service, slots }) =>
        slots.flatMap(({ slot, blue, green }) =>
          [...new Set([blue, green])].map((port) => `${port} ${service}.${slot}`),
        ),
      );
      const ports = used.map((text) => text.split(' ')[0]);
      assert.equal(new Set(ports).size, ports.length, `${step.sentence}: ${used.join(', ')}`);
    }
  });
});

test('a dependency is started before its dependents, and healthy where that is asked for', () => {
  forEveryPlan((plan, before, desired) => {
    if (desired.kind !== 'deploy') return;
    const proved = plan.steps.filter(({ phase }) => phase === 'prove');
    const startOf = (name: string): number =>
      proved.findIndex(
        (step) => step.kind === 'start-instances' && step.args.places.some((p) => p.service === name),
      );
    const gateOf = (name: string): number =>
      proved.findIndex((step) => step.kind === 'pass-gate' && step.args.service === name);
    for (const { name, dependsOn } of desired.stack.services) {
      for (const on of dependsOn) {
        if (startOf(name) < 0 || startOf(on.service) < 0) continue;
        const ready = on.condition === 'healthy' ? gateOf(on.service) : startOf(on.service);
        assert.ok(ready < startOf(name), `${name} after ${on.service}`);
      }
    }
  });
});

test('every step is numbered in order, and phases never go back', () => {
  const order = ['prepare', 'prove', 'cut-over', 'bake', 'finish'];
  forEveryPlan((plan) => {
    assert.deepEqual(
      plan.steps.map(({ id }) => id),
      plan.steps.map((_, index) => index + 1),
    );
    const phases = plan.steps.map(({ phase }) => order.indexOf(phase));
    assert.deepEqual(
      phases,
      phases.toSorted((a, b) => a - b),
    );
    for (const { sentence } of plan.steps) assert.match(sentence, /^[A-Z][^\n]*[^.]$/);
  });
});

test('the reserved ports name places', () => {
  forEveryPlan((plan) => {
    for (const step of plan.steps) {
      if (step.kind === 'reserve-ports')
        for (const id of Object.keys(step.args.ports)) assert.ok(parseInstanceId(id));
    }
  });
});
