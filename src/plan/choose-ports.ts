import { Refusal } from '../model/error.ts';
import {
  type InstanceId,
  type InstancePlace,
  instanceId,
  type Name,
  otherSeat,
  parseInstanceId,
  type Seat,
} from '../model/names.ts';
import type { Observed, ObservedInstance } from '../model/observed.ts';
import type { Service } from '../model/stack.ts';
import type { AimedService } from './aim.ts';
import type { SlotChange } from './choose-seats.ts';

const AUTO_PORTS = { first: 20_000, last: 29_999 } as const;

export type Ports = Readonly<Record<InstanceId, number>>;

/**
 * A port for both seats of every replica that should run. Who sits keeps its port; a reservation stays while the file
 * asks for the same, and for an idle seat until it is needed. What is left is chosen in order, so that the same facts
 * give the same ports. Refusals: `port.taken` naming who has it, `port.none-left`.
 */
export const choosePorts = (
  aimed: readonly AimedService[],
  slots: readonly SlotChange[],
  observed: Observed,
): Ports => {
  const asked = aimed.flatMap((each) => placesOf(each, slots));
  const wanted = new Set(
    asked.flatMap(({ service }) => (service.port === 'auto' ? [] : fixedRange(service))),
  );
  const reserved = (ask: Ask): number | undefined => observed.ports[instanceId(ask.place)];
  const chosen = new ChosenPorts([...foreignPorts(aimed, observed), ...sittingPorts(slots, observed)]);
  const free = freePorts(wanted, observed);
  const keepWhere = (mayKeep: (ask: Ask, port: number) => boolean): void => {
    for (const ask of asked) {
      const port = reserved(ask);
      if (chosen.of(ask.place) !== undefined || port === undefined || !mayKeep(ask, port)) continue;
      if (!chosen.isUsed(port, ask)) chosen.add(instanceId(ask.place), port);
    }
  };
  const choose = (isMeant: (ask: Ask) => boolean): void => {
    for (const ask of asked.filter((each) => isMeant(each) && chosen.of(each.place) === undefined)) {
      const isAuto = ask.service.port === 'auto';
      const port = isAuto ? autoPort(ask, chosen, free) : fixedPort(ask, chosen, observed);
      chosen.add(instanceId(ask.place), port);
    }
  };
  keepWhere((ask, port) => isStillRight(ask, port, observed));
  choose((ask) => ask.isStarted && ask.service.port !== 'auto');
  keepWhere((ask) => !ask.isStarted);
  choose(() => true);
  const own = new Set(asked.map(({ place }) => instanceId(place)));
  return Object.fromEntries(chosen.list().filter(([id]) => own.has(id)));
};

// Of services that this plan is not about, both seats.
const foreignPorts = (aimed: readonly AimedService[], observed: Observed): [InstanceId, number][] => {
  const idle = new Set(
    aimed.filter(({ fate }) => fate === 'untouched' || fate === 'stopped').map(({ service }) => service.name),
  );
  return Object.entries(observed.ports).filter(([id]) => idle.has(parseInstanceId(id)?.service ?? ''));
};

// Of every copy that listens while the new ones start, also of those that are given up.
const sittingPorts = (slots: readonly SlotChange[], observed: Observed): [InstanceId, number][] => {
  const leaving = new Set(slots.flatMap(({ inTheWay }) => inTheWay));
  return observed.instances.flatMap((instance): [InstanceId, number][] => {
    const port = observed.ports[instanceId(instance)];
    const isSitting = !leaving.has(instance) && listens(instance, observed);
    return isSitting && port !== undefined ? [[instanceId(instance), port]] : [];
  });
};

// A service that had a port once may have none in the release that this copy is of.
const listens = ({ service, release }: ObservedInstance, { releases }: Observed): boolean =>
  releases.find(({ id }) => id === release)?.stack.services.find(({ name }) => name === service)?.port !==
  null;

type Ask = {
  readonly service: Service;
  readonly replicas: number;
  readonly place: InstancePlace;
  readonly isStarted: boolean;
};

const placesOf = (aimed: AimedService, slots: readonly SlotChange[]): Ask[] => {
  const { service, replicas } = aimed;
  if (service.port === null || aimed.fate !== 'runs') return [];
  return slots
    .filter((change) => change.service.name === service.name && change.slot <= replicas)
    .flatMap((change) =>
      (['blue', 'green'] as const).map((seat) => {
        const place = { service: service.name, slot: change.slot, seat };
        const isStarted = change.action === 'start' && change.next?.seat === seat;
        return { service, replicas, place, isStarted };
      }),
    );
};

/** By place and by port: a thousand places of one stack each ask for hundreds of ports whether they are used. */
class ChosenPorts {
  readonly #byPlace = new Map<InstanceId, number>();
  readonly #users = new Map<number, Set<InstanceId>>();

  constructor(entries: readonly (readonly [InstanceId, number])[]) {
    for (const [id, port] of entries) this.add(id, port);
  }

  add(id: InstanceId, port: number): void {
    const before = this.#byPlace.get(id);
    if (before !== undefined) this.#users.get(before)?.delete(id);
    this.#byPlace.set(id, port);
    const users = this.#users.get(port);
    if (users) users.add(id);
    else this.#users.set(port, new Set([id]));
  }

  of(place: InstancePlace): number | undefined {
    return this.#byPlace.get(instanceId(place));
  }

  /** The two seats of a service that is never in both at once may share a port; nobody else may. */
  isUsed(port: number, { place, service }: Ask): boolean {
    const users = this.#users.get(port);
    if (!users || users.size === 0) return false;
    return users.size > 1 || service.strategy !== 'recreate' || !users.has(instanceId(twinOf(place)));
  }

  list(): readonly (readonly [InstanceId, number])[] {
    return [...this.#byPlace];
  }
}

const twinOf = (place: InstancePlace): InstancePlace => ({ ...place, seat: otherSeat(place.seat) });

const isStillRight = ({ service, isStarted }: Ask, port: number, observed: Observed): boolean => {
  if (isStarted && observed.busyPorts.includes(port)) return false;
  if (service.port === 'auto') return port >= AUTO_PORTS.first && port <= AUTO_PORTS.last;
  const before = observed.currentRelease?.stack.services.find(({ name }) => name === service.name);
  const isRecreated = service.strategy === 'recreate';
  return before?.port === service.port && (before.strategy === 'recreate') === isRecreated;
};

const fixedRange = (service: Service): number[] => {
  const count = service.replicas * (service.strategy === 'recreate' ? 1 : 2);
  return Array.from({ length: count }, (_, index) => Number(service.port) + index);
};

const fixedPort = (ask: Ask, chosen: ChosenPorts, observed: Observed): number => {
  const { service, replicas, place } = ask;
  const base = Number(service.port);
  let port = base + place.slot - 1 + offset(service, place.seat, replicas);
  if (chosen.isUsed(port, ask)) {
    // A replica count that changed moved the ranges over each other: the next one above them is as good.
    port = base;
    while (chosen.isUsed(port, ask)) port += 1;
  }
  if (ask.isStarted && observed.busyPorts.includes(port)) throw portTaken(service.name, port, observed);
  return port;
};

const offset = (service: Service, seat: Seat, replicas: number): number =>
  service.strategy === 'recreate' || seat === 'blue' ? 0 : replicas;

const autoPort = (ask: Ask, chosen: ChosenPorts, free: Iterator<number>): number => {
  const twin = chosen.of(twinOf(ask.place));
  if (ask.service.strategy === 'recreate' && twin !== undefined) return twin;
  for (let next = free.next(); !next.done; next = free.next()) {
    if (!chosen.isUsed(next.value, ask)) return next.value;
  }
  throw new Refusal(
    'port.none-left',
    `Cannot choose a port for "${ask.service.name}": all from ${AUTO_PORTS.first} to ${AUTO_PORTS.last} are taken, a free one is required`,
    { fix: 'set a free port in the stack file', retryable: true },
  );
};

// Each once: what was passed over was taken, and nothing that is taken gets free while ports are chosen.
function* freePorts(wanted: ReadonlySet<number>, observed: Observed): Generator<number> {
  const { first, last } = AUTO_PORTS;
  const taken = new Set([...observed.busyPorts, ...Object.values(observed.ports), ...wanted]);
  const from = observed.autoPortsFrom ?? first;
  for (let step = 0; step <= last - first; step += 1) {
    const port = first + ((from - first + step) % (last - first + 1));
    if (!taken.has(port)) yield port;
  }
}

const portTaken = (service: Name, port: number, observed: Observed): Refusal => {
  const who = observed.portOwners?.[port] ?? 'another program on this host';
  return new Refusal(
    'port.taken',
    `Cannot give port ${port} to "${service}": ${who} has it, a free port is required`,
    {
      fix: `stop what listens on port ${port}, or set another services.${service}.port`,
      retryable: true,
    },
  );
};
