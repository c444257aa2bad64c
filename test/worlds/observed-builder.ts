// A stack's life as values: plans are assembled from what is observed, and applied as if every step succeeded.
import { createHash } from 'node:crypto';
import { type Flags, NO_FLAGS } from '../../src/model/edge.ts';
import { type InstancePlace, instanceId } from '../../src/model/names.ts';
import type { Observed, ObservedInstance } from '../../src/model/observed.ts';
import type { Plan, Step } from '../../src/model/plan.ts';
import type { Release } from '../../src/model/release.ts';
import type { Stack } from '../../src/model/stack.ts';
import { assemblePlan } from '../../src/plan/assemble-plan.ts';
import type { Desired, Fingerprints } from '../../src/plan/desired.ts';
import { buildRevision } from './stack-builder.ts';

const AT = Date.UTC(2026, 0, 1);

export const nothingObserved = (stackName = 'shop', firstRelease = 1): Observed => ({
  stackName,
  currentRelease: null,
  releases: [],
  nextReleaseId: firstRelease,
  instances: [],
  site: null,
  flags: NO_FLAGS,
  ports: {},
  busyPorts: [],
  foreignRoutes: [],
  scale: {},
});

/** Of each service what makes one copy another program than the next, as the real one without an environment. */
export const fingerprintsOf = (stack: Stack, revision: string): Fingerprints =>
  Object.fromEntries(
    stack.services.map(({ name, command, port, health, stop, limits }) => [
      name,
      createHash('sha256')
        .update(JSON.stringify([name, command, port, health, stop, limits, revision]))
        .digest('hex')
        .slice(0, 8),
    ]),
  );

export const deployOf = (
  stack: Stack,
  revision: string,
  force = false,
): Extract<Desired, { kind: 'deploy' }> => ({
  kind: 'deploy',
  stack,
  revision: buildRevision(revision),
  envFingerprint: 'env',
  serviceFingerprints: fingerprintsOf(stack, buildRevision(revision).id),
  force,
});

export const rollbackTo = (release: Release): Desired => ({
  kind: 'rollback',
  release,
  serviceFingerprints: fingerprintsOf(release.stack, release.revision.id),
});

/** The life of one stack: each `does` applies a plan and keeps what came of it. */
export class StackLife {
  observed: Observed;

  constructor(observed: Observed = nothingObserved()) {
    this.observed = observed;
  }

  plan(desired: Desired): Plan {
    return assemblePlan(desired, this.observed, { at: AT });
  }

  does(desired: Desired): this {
    this.observed = applyPlan(this.observed, this.plan(desired));
    return this;
  }

  /** Changes what is observed from outside: a crash, another stack, time. */
  sees(parts: Partial<Observed>): this {
    this.observed = { ...this.observed, ...parts };
    return this;
  }

  release(id: number): Release {
    const release = this.observed.releases.find((each) => each.id === id);
    if (!release) throw new Error(`no release ${id}`);
    return release;
  }
}

/** What would be observed after every step of the plan has succeeded. */
export const applyPlan = (observed: Observed, plan: Plan): Observed => plan.steps.reduce(applyStep, observed);

export const applyStep = (observed: Observed, step: Step): Observed => {
  switch (step.kind) {
    case 'place-release': {
      const release = { ...step.args.release, hasTree: true };
      return {
        ...observed,
        releases: [release, ...observed.releases],
        nextReleaseId: Math.max(observed.nextReleaseId, release.id + 1),
      };
    }
    case 'reserve-ports':
      return { ...observed, ports: { ...observed.ports, ...step.args.ports } };
    case 'start-instances':
      return addInstances(observed, step.args.release, step.args.places);
    case 'stop-instances':
      return { ...observed, instances: observed.instances.filter((it) => !isOneOf(it, step.args.places)) };
    case 'configure-edge':
      return { ...observed, site: step.args.site };
    case 'hold-requests':
    case 'switch-routes':
      return unwarm({ ...observed, flags: step.args.flags }, step.args.flags);
    case 'activate-release':
      return activate(observed, step.args.release);
    case 'keep-warm':
      return {
        ...observed,
        instances: observed.instances.map((it) =>
          isOneOf(it, step.args.places) ? { ...it, isWarm: true } : it,
        ),
      };
    case 'set-scale':
      return { ...observed, scale: { ...observed.scale, [step.args.service]: step.args.replicas } };
    case 'prune-releases':
      return {
        ...observed,
        releases: observed.releases.map((release) =>
          step.args.releases.includes(release.id) ? { ...release, hasTree: false } : release,
        ),
      };
    case 'forget-stack':
      return {
        ...observed,
        ports: {},
        flags: NO_FLAGS,
        scale: {},
        ...(step.args.purge ? { releases: [], currentRelease: null } : {}),
      };
    case 'run-job':
    case 'pass-gate':
    case 'verify-routes':
    case 'bake':
    case 'drain-instances':
      return observed;
    default:
      return step satisfies never;
  }
};

export const isOneOf = (instance: InstancePlace, places: readonly InstancePlace[]): boolean =>
  places.some((place) => instanceId(place) === instanceId(instance));

const addInstances = (observed: Observed, id: number, places: readonly InstancePlace[]): Observed => {
  const release = observed.releases.find((each) => each.id === id);
  if (!release) throw new Error(`start of release ${id}, which was not placed`);
  const fingerprints = fingerprintsOf(release.stack, release.revision.id);
  const added = places.map((place): ObservedInstance => {
    if (observed.instances.some((it) => instanceId(it) === instanceId(place))) {
      throw new Error(`${instanceId(place)} is taken`);
    }
    return {
      ...place,
      release: id,
      fingerprint: fingerprints[place.service]!,
      isRunning: true,
      health: 'healthy',
      isWarm: false,
    };
  });
  return { ...observed, instances: [...observed.instances, ...added] };
};

const activate = (observed: Observed, id: number): Observed => {
  const releases = observed.releases.map((release): Release => {
    if (release.id === id) return { ...release, state: 'current' };
    return release.state === 'current' ? { ...release, state: 'stable' } : release;
  });
  return { ...observed, releases, currentRelease: releases.find((release) => release.id === id) ?? null };
};

// What gets traffic is no longer warm.
const unwarm = (observed: Observed, flags: Flags): Observed => ({
  ...observed,
  instances: observed.instances.map((it) =>
    it.isWarm && flags.seats[`${it.service}.${it.slot}`] === it.seat ? { ...it, isWarm: false } : it,
  ),
});
