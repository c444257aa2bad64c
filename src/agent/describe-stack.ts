// What people see of a stack, put together from what the store, supervision and the edge know.
import type { ReleaseLine, ServiceStatus, StackStatus } from '../api/wire.ts';
import type { Flags } from '../model/edge.ts';
import type { HealthState, InstanceStatus } from '../model/health.ts';
import { type Name, slotKey } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { Service } from '../model/stack.ts';
import type { Edge } from '../ports/edge.ts';
import type { Store } from '../ports/store.ts';
import type { Supervision } from '../ports/supervision.ts';

export type StackViews = {
  /** Makes memory and CPU in `supervision.status` current. */
  readonly refreshUsage: () => Promise<void>;
  readonly store: Store;
  readonly supervision: Supervision;
  readonly edge: Edge;
};

export const describeStack = async (views: StackViews, stack: Name): Promise<StackStatus> => {
  const { store } = views;
  await views.refreshUsage();
  const release = store.releases.current(stack);
  const open = store.journal.unfinished().filter((change) => change.stack === stack);
  const running = open.find(({ state }) => state !== 'queued') ?? open[0] ?? null;
  const record = store.stacks.get(stack);
  return {
    stack,
    file: record?.file ?? '',
    isDown: record === null,
    release: release && {
      id: release.id,
      state: release.state,
      revision: release.revision.id,
      summary: release.revision.summary,
      createdAt: release.createdAt,
    },
    change: running && { id: running.id, state: running.state, sentence: running.plan.sentence },
    lock: store.lock.read(stack),
    services: await describeServices(views, stack, release),
  };
};

export const describeReleases = (store: Store, stack: Name, limit?: number): ReleaseLine[] => {
  const warm = new Set(
    store.instances
      .list(stack)
      .filter(({ warmUntil }) => warmUntil !== null)
      .map(({ release }) => release),
  );
  return store.releases.list(stack, limit).map((release) => ({
    id: release.id,
    state: release.state,
    reason: release.stateReason,
    revision: release.revision.id,
    summary: release.revision.summary,
    createdAt: release.createdAt,
    canRollBack: release.hasTree && release.state === 'stable',
    isWarm: warm.has(release.id),
  }));
};

const describeServices = async (
  { store, supervision, edge }: StackViews,
  stack: Name,
  release: Release | null,
): Promise<ServiceStatus[]> => {
  const flags = await edge.flags(stack);
  const { address } = await edge.status();
  const scale = store.stacks.get(stack)?.scale ?? {};
  const warmUntil = new Map(store.instances.list(stack).map((row) => [placeKey(row), row.warmUntil]));
  const statuses = supervision.status(stack);
  const services = new Map(release?.stack.services.map((service) => [service.name, service]));
  const byService = Map.groupBy(statuses, ({ service }) => service);
  const names = new Set([...services.keys(), ...statuses.map(({ service }) => service)]);
  return [...names].map((name) => {
    const service = services.get(name);
    const own = (byService.get(name) ?? []).map((status) => ({
      ...status,
      warmUntil: warmUntil.get(placeKey(status)) ?? null,
    }));
    const isRouted = service !== undefined && service.routes.length > 0;
    const instances = own.map((one) => ({
      ...one,
      hasTraffic: isRouted ? isFlagged(one, flags) : isAtWork(one, own, release),
    }));
    const serving = instances.filter((instance) => instance.warmUntil === null);
    const working = serving.filter((instance) => instance.hasTraffic);
    return {
      service: name,
      strategy: service?.strategy ?? 'swap',
      health: worstHealth(working.length > 0 ? working : serving),
      isStopped: serving.length === 0,
      replicas: service ? replicasOf(service, scale) : 0,
      addresses: (service?.routes ?? []).map((route) => routeAddress(address, route.host, route.path)),
      instances,
    };
  });
};

const placeKey = (place: { readonly service: Name; readonly slot: number; readonly seat: string }): string =>
  `${place.service}-${place.slot}-${place.seat}`;

const isFlagged = ({ service, slot, seat }: InstanceStatus, flags: Flags): boolean =>
  (flags.seats[slotKey(service, slot)] ?? 'blue') === seat;

type Seated = InstanceStatus & { readonly warmUntil: number | null };

// A service without routes has its work from elsewhere. While a slot has a copy of the live release, one of another
// release is still being proved.
const isAtWork = (one: Seated, all: readonly Seated[], live: Release | null): boolean => {
  if (one.warmUntil !== null) return false;
  const isLive = (status: InstanceStatus): boolean => status.release === live?.id;
  return isLive(one) || !all.some((other) => other.slot === one.slot && isLive(other));
};

const replicasOf = (
  service: Service,
  scale: Readonly<Record<Name, { replicas: number; over: number }>>,
): number => {
  const set = scale[service.name];
  return set && set.over === service.replicas ? set.replicas : service.replicas;
};

const WORST_FIRST: readonly HealthState[] = ['unhealthy', 'degraded', 'starting', 'unknown', 'healthy'];

const worstHealth = (instances: readonly InstanceStatus[]): HealthState =>
  WORST_FIRST.find((state) => instances.some(({ health }) => health === state)) ?? 'unknown';

const routeAddress = (edgeAddress: string, host: string, path: string): string => {
  const url = new URL(edgeAddress);
  return `${url.protocol}//${host}${url.port === '' ? '' : `:${url.port}`}${path}`;
};
