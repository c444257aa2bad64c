import { Defect, Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Release } from '../model/release.ts';
import type { Service, Stack } from '../model/stack.ts';
import type { Desired, Fingerprints } from './desired.ts';
import { isSameRelease } from './same-release.ts';

/** Every kind of plan as the same question: which copies of which service should run afterwards. */
export type Aim = {
  readonly stack: Stack;
  /** What new copies are of. */
  readonly release: Release;
  /** The release has to be placed first. */
  readonly isNew: boolean;
  /** The release becomes the current one. */
  readonly isActivated: boolean;
  readonly services: readonly AimedService[];
};

export type AimedService = {
  readonly service: Service;
  /** `untouched`: this plan is not about it. `stopped`: it stays known to the edge. `removed`: nothing of it stays. */
  readonly fate: 'runs' | 'stopped' | 'removed' | 'untouched';
  readonly replicas: number;
  /** Which running copy may stay. `same`: of this fingerprint. `running`, `present`: any that is. `none`: a new one. */
  readonly accepts: 'same' | 'running' | 'present' | 'none';
  readonly fingerprint: string | null;
};

/** Kinds that are about copies of services. */
export type CopiesDesired = Extract<
  Desired,
  { readonly kind: 'deploy' | 'rollback' | 'restart' | 'start' | 'stop' | 'scale' | 'down' }
>;

/** Refusals: `release.none` where nothing was deployed yet, `service.unknown`. */
export const aimAt = (desired: CopiesDesired, observed: Observed, at: number): Aim => {
  switch (desired.kind) {
    case 'deploy':
      return aimAtDeploy(desired, observed, at);
    case 'rollback':
      return aimAtRelease(desired.release, desired.serviceFingerprints, observed, 'same');
    case 'restart':
      return aimAtSome(desired.services, observed, (service) => runs(service, observed, 'none'));
    case 'start':
      return aimAtSome(desired.services, observed, (service) => runs(service, observed, 'running'));
    case 'stop':
      return aimAtSome(desired.services, observed, (service) => gone(service, 'stopped'));
    case 'scale':
      return aimAtSome([desired.service], observed, (service) =>
        desired.replicas === 0
          ? gone(service, 'stopped')
          : { ...runs(service, observed, 'present'), fate: 'runs', replicas: desired.replicas },
      );
    case 'down': {
      const release = observed.currentRelease ?? observed.releases[0];
      if (!release) throw new Defect(`a plan to take down "${observed.stackName}", which has no release`);
      const aim = aimAtRelease(release, {}, observed, 'none');
      const services = aim.services.map(({ service }) => gone(service, 'removed'));
      return { ...aim, isActivated: false, services };
    }
    default:
      return desired satisfies never;
  }
};

/** The current release; Refusal `release.none` where nothing was deployed yet. */
export const mustHaveRelease = (observed: Observed): Release => {
  if (observed.currentRelease) return observed.currentRelease;
  throw new Refusal(
    'release.none',
    `Cannot change "${observed.stackName}": it has no live release, one is required`,
    {
      fix: 'deploy it first: reeve deploy',
    },
  );
};

/** How many copies a service should have: what `scale` set, or what the file says. */
export const replicasOf = (service: Service, observed: Observed): number =>
  observed.scale[service.name] ?? service.replicas;

const aimAtDeploy = (desired: Extract<Desired, { kind: 'deploy' }>, observed: Observed, at: number): Aim => {
  const current = observed.currentRelease;
  const accepts = desired.force ? 'none' : 'same';
  if (current?.hasTree && !desired.force && isSameRelease(current, desired)) {
    return aimAtRelease(current, desired.serviceFingerprints, observed, accepts);
  }
  const release: Release = {
    id: observed.nextReleaseId,
    stackName: observed.stackName,
    revision: desired.revision,
    stack: desired.stack,
    envFingerprint: desired.envFingerprint,
    state: 'candidate',
    stateReason: null,
    hasTree: false,
    createdAt: at,
  };
  return { ...aimAtRelease(release, desired.serviceFingerprints, observed, accepts), isNew: true };
};

const aimAtRelease = (
  release: Release,
  fingerprints: Fingerprints,
  observed: Observed,
  accepts: AimedService['accepts'],
): Aim => ({
  stack: release.stack,
  release,
  isNew: false,
  isActivated: release.id !== observed.currentRelease?.id,
  services: [
    ...release.stack.services.map((service) => ({
      ...runs(service, observed, accepts),
      fingerprint: fingerprints[service.name] ?? null,
    })),
    ...strayServices(release.stack, observed).map((service) => gone(service, 'removed')),
  ],
});

const aimAtSome = (
  names: readonly Name[],
  observed: Observed,
  aimed: (service: Service) => AimedService,
): Aim => {
  const release = mustHaveRelease(observed);
  const { services } = release.stack;
  for (const name of names) mustBeService(name, services, observed.stackName);
  const isMeant = (service: Service): boolean => names.length === 0 || names.includes(service.name);
  return {
    stack: release.stack,
    release,
    isNew: false,
    isActivated: false,
    services: services.map((service) =>
      isMeant(service) ? aimed(service) : { ...runs(service, observed, 'present'), fate: 'untouched' },
    ),
  };
};

const runs = (service: Service, observed: Observed, accepts: AimedService['accepts']): AimedService => ({
  service,
  fate: replicasOf(service, observed) === 0 ? 'stopped' : 'runs',
  replicas: replicasOf(service, observed),
  accepts,
  fingerprint: null,
});

const gone = (service: Service, fate: 'stopped' | 'removed'): AimedService => ({
  service,
  fate,
  replicas: 0,
  accepts: 'none',
  fingerprint: null,
});

// Services that still have copies but are no longer in the file, as the newest release that knew them defined them.
const strayServices = (stack: Stack, observed: Observed): readonly Service[] => {
  const wanted = new Set(stack.services.map(({ name }) => name));
  const names = new Set([
    ...observed.instances.map(({ service }) => service),
    ...(observed.site?.services.map(({ service }) => service) ?? []),
  ]);
  const known = [observed.currentRelease, ...observed.releases].flatMap(
    (release) => release?.stack.services ?? [],
  );
  return [...names]
    .filter((name) => !wanted.has(name))
    .flatMap((name) => known.find((service) => service.name === name) ?? []);
};

const mustBeService = (name: Name, services: readonly Service[], stack: Name): void => {
  if (services.some((service) => service.name === name)) return;
  throw new Refusal(
    'service.unknown',
    `Cannot find service "${name}": "${stack}" has ${services.map((service) => `"${service.name}"`).join(', ') || 'none'}`,
    { fix: 'name a service of the live release: reeve ps' },
  );
};
