import { isDeepStrictEqual } from 'node:util';
import type { EdgeService, EdgeSite } from '../model/edge.ts';
import { type InstanceId, instanceId, type Name, type Seat, type SlotKey, slotKey } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Route } from '../model/stack.ts';
import type { Aim, AimedService } from './aim.ts';
import { isRouted } from './choose-seats.ts';
import { covers } from './route-conflicts.ts';

/** What the edge is configured with afterwards; null where nothing has a route. */
export const finalSite = (
  aim: Aim,
  ports: Readonly<Record<InstanceId, number>>,
  observed: Observed,
): EdgeSite | null => {
  const services = aim.services
    .map((aimed) => edgeService(aimed, ports, observed))
    .filter((service) => service !== null);
  return services.length > 0 ? { stack: observed.stackName, services } : null;
};

/**
 * What the edge is configured with while traffic moves: what the old site has except slots that are `leaving`, and what
 * is `ready` of the final one. A new service takes its routes at once: its copies are healthy. A route that goes to a service whose old copies
 * still have the traffic stays where it is until that has moved.
 */
export const unionSite = (
  old: EdgeSite | null,
  final: EdgeSite | null,
  moving: MovingSlots,
): EdgeSite | null => {
  if (!old && !final) return null;
  const { ready } = moving;
  const oldServices = old?.services ?? [];
  const finalServices = final?.services ?? [];
  const added = finalServices
    .filter(({ service }) => !find(oldServices, service))
    .map((service) => ({
      ...service,
      slots: service.slots.filter((slot) => isReady(service, slot.slot, ready)),
    }))
    .filter(({ slots }) => slots.length > 0);
  const claimed = added.flatMap(({ routes }) => routes);
  const isFree = (route: Route, taker: Name): boolean =>
    !oldServices.some(
      (other) => other.service !== taker && other.routes.some((taken) => covers(taken, route)),
    );
  const kept = oldServices.map((service) =>
    uniteService(service, find(finalServices, service.service), { ...moving, claimed, isFree }),
  );
  const services = [...kept, ...added].filter(({ routes, slots }) => routes.length > 0 && slots.length > 0);
  if (services.length === 0) return null;
  return { stack: (old ?? final)!.stack, services: withoutSharedPorts(services, moving) };
};

export type MovingSlots = {
  /** Replicas that may have traffic. */
  readonly ready: ReadonlySet<SlotKey>;
  /** Replicas that may have none any more. */
  readonly leaving: ReadonlySet<SlotKey>;
  /** Which seat of a replica has the traffic now. */
  readonly seatOf: (service: Name, slot: number) => Seat;
};

/** Whether two sites would serve alike; the order of services and routes means nothing to an edge. */
export const isSameSite = (a: EdgeSite | null, b: EdgeSite | null): boolean =>
  isDeepStrictEqual(sorted(a), sorted(b));

const edgeService = (
  aimed: AimedService,
  ports: Readonly<Record<InstanceId, number>>,
  observed: Observed,
): EdgeService | null => {
  const { service, replicas, fate } = aimed;
  if (fate === 'removed') return null;
  const now = find(observed.site?.services ?? [], service.name) ?? null;
  if (fate === 'untouched') return now;
  if (!isRouted(service)) return null;
  if (fate === 'stopped') return now && { ...now, routes: service.routes };
  const slots = Array.from({ length: replicas }, (_, index) => index + 1).flatMap((slot) => {
    const blue = ports[instanceId({ service: service.name, slot, seat: 'blue' })];
    const green = ports[instanceId({ service: service.name, slot, seat: 'green' })];
    return blue === undefined || green === undefined ? [] : [{ slot, blue, green }];
  });
  if (slots.length === 0) return null;
  return { service: service.name, routes: service.routes, slots, holdMs: service.holdMs };
};

const uniteService = (
  old: EdgeService,
  final: EdgeService | undefined,
  options: MovingSlots & {
    readonly claimed: readonly Route[];
    readonly isFree: (route: Route, taker: Name) => boolean;
  },
): EdgeService => {
  const { ready, leaving, claimed, isFree } = options;
  const { service } = old;
  const routes = old.routes.filter((route) => !claimed.some((other) => isSamePlace(other, route)));
  for (const route of final?.routes ?? []) {
    if (!routes.some((other) => isSamePlace(other, route)) && isFree(route, service)) routes.push(route);
  }
  // A copy that still serves keeps its port in the final site too, so the final ports are right for both seats.
  const slots = old.slots
    .filter(({ slot }) => !leaving.has(slotKey(service, slot)))
    .map((slot) => final?.slots.find((other) => other.slot === slot.slot) ?? slot);
  for (const slot of final?.slots ?? []) {
    const isNew = !slots.some((other) => other.slot === slot.slot);
    if (isNew && isReady(old, slot.slot, ready)) slots.push(slot);
  }
  return { service, routes, slots, holdMs: (final ?? old).holdMs };
};

// The idle seat of a slot that goes may have a port that belongs to somebody new: it is not needed any more.
const withoutSharedPorts = (services: readonly EdgeService[], { seatOf }: MovingSlots): EdgeService[] => {
  const all = services.flatMap(({ slots }) =>
    slots.flatMap(({ blue, green }) => [...new Set([blue, green])]),
  );
  const isShared = (port: number): boolean => all.filter((other) => other === port).length > 1;
  return services.map((service) => ({
    ...service,
    slots: service.slots.map((slot) => {
      const busy = slot[seatOf(service.service, slot.slot)];
      const idle = slot.blue === busy ? slot.green : slot.blue;
      return isShared(idle) && !isShared(busy) ? { ...slot, blue: busy, green: busy } : slot;
    }),
  }));
};

const isReady = ({ service }: EdgeService, slot: number, ready: ReadonlySet<SlotKey>): boolean =>
  ready.has(slotKey(service, slot));

const find = (services: readonly EdgeService[], name: Name): EdgeService | undefined =>
  services.find(({ service }) => service === name);

const isSamePlace = (a: Route, b: Route): boolean => a.host === b.host && a.path === b.path;

/** Whether a service answers the same hosts and paths in both. */
export const hasSameRoutes = (a: EdgeService | undefined, b: EdgeService | undefined): boolean =>
  isDeepStrictEqual(a?.routes.map(routeText).toSorted(), b?.routes.map(routeText).toSorted());

const sorted = (site: EdgeSite | null): unknown =>
  site && {
    stack: site.stack,
    services: site.services
      .map((service) => ({
        ...service,
        routes: service.routes.toSorted((a, b) => compare(routeText(a), routeText(b))),
        slots: service.slots.toSorted((a, b) => a.slot - b.slot),
      }))
      .toSorted((a, b) => compare(a.service, b.service)),
  };

const routeText = ({ host, path }: Route): string => `${host}${path}`;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
