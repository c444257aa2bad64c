import type { InstanceStatus } from '../model/health.ts';
import { type InstanceId, instanceId, type Name } from '../model/names.ts';
import type { Observed, ObservedInstance } from '../model/observed.ts';
import type { Stack } from '../model/stack.ts';
import type { DesiredInstance, StackRecord } from '../ports/store.ts';
import type { Hands } from './hands.ts';

/**
 * All that the planner may know about a stack. `definition` is what is to be deployed: a replica count set by `scale`
 * holds as long as the file's own count is the one it was set over.
 */
export const observeStack = async (
  hands: Hands,
  stackName: Name,
  definition: Stack | null = null,
): Promise<Observed> => {
  const { store, supervision, edge } = hands;
  const [site, flags, status, listening] = await Promise.all([
    edge.site(stackName),
    edge.flags(stackName),
    edge.status(),
    hands.listeningPorts(),
  ]);
  const releases = store.releases.list(stackName);
  const currentRelease = releases.find(({ state }) => state === 'current') ?? null;
  const statuses = new Map(supervision.status(stackName).map((one) => [one.id, one]));
  const rows = store.instances.list(stackName);
  const instances = rows.map((row) => toObserved(row, statuses.get(instanceId(row))));
  const ports = store.ports.of(stackName);
  const reserved = store.ports.all().filter(({ stack }) => stack !== stackName);
  const own = new Set(instances.filter(({ isRunning }) => isRunning).map((it) => ports[instanceId(it)]));
  return {
    stackName,
    currentRelease,
    releases,
    nextReleaseId: store.releases.nextId(stackName),
    instances,
    site,
    flags,
    ports,
    ...(hands.autoPortsFrom === undefined ? {} : { autoPortsFrom: hands.autoPortsFrom }),
    busyPorts: [...reserved.map(({ port }) => port), ...listening.filter((port) => !own.has(port))],
    portOwners: Object.fromEntries(
      reserved.map(({ port, stack, instance }) => [port, owner(stack, instance)]),
    ),
    foreignRoutes: status.sites
      .filter(({ stack }) => stack !== stackName)
      .flatMap(({ stack, services }) =>
        services.flatMap(({ routes }) => routes.map(({ host, path }) => ({ stack, host, path }))),
      ),
    scale: scaleOf(store.stacks.get(stackName), definition ?? currentRelease?.stack ?? null),
  };
};

const toObserved = (row: DesiredInstance, status: InstanceStatus | undefined): ObservedInstance => ({
  service: row.service,
  slot: row.slot,
  seat: row.seat,
  release: row.release,
  fingerprint: row.fingerprint,
  isRunning: status?.activity === 'running' || status?.activity === 'starting',
  health: status?.health ?? 'unknown',
  isWarm: row.warmUntil !== null,
});

const owner = (stack: Name, instance: InstanceId): string => `stack "${stack}" (${instance})`;

const scaleOf = (record: StackRecord | null, stack: Stack | null): Record<Name, number> =>
  Object.fromEntries(
    Object.entries(record?.scale ?? {})
      .filter(([name, { over }]) =>
        stack?.services.some((service) => service.name === name && service.replicas === over),
      )
      .map(([name, { replicas }]) => [name, replicas]),
  );
