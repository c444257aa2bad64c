import { type InstancePlace, otherSeat, type Seat, slotKey } from '../model/names.ts';
import type { Observed, ObservedInstance } from '../model/observed.ts';
import type { Service } from '../model/stack.ts';
import type { AimedService } from './aim.ts';

/** What becomes of one replica of a service. */
export type SlotChange = {
  readonly service: Service;
  readonly slot: number;
  readonly action: 'keep' | 'use-warm' | 'start' | 'stop';
  /** The copy that has the traffic (or the work) now; it may be broken. */
  readonly old: ObservedInstance | null;
  /** Where the copy sits that has it afterwards. */
  readonly next: InstancePlace | null;
  /** Copies that have to be gone before `next` can start: they sit there, or must not run beside it. */
  readonly inTheWay: readonly ObservedInstance[];
  /** Other copies that are of no use any more. */
  readonly leftovers: readonly ObservedInstance[];
};

/** Decides for every replica that runs or should: keep, use the warm copy, start in the other seat, or stop. */
export const chooseSeats = (aimed: AimedService, observed: Observed): readonly SlotChange[] => {
  if (aimed.fate === 'untouched') return [];
  const present = observed.instances.filter(({ service }) => service === aimed.service.name);
  const highest = Math.max(aimed.replicas, ...present.map(({ slot }) => slot));
  const changes: SlotChange[] = [];
  for (let slot = 1; slot <= highest; slot += 1) {
    const here = present.filter((instance) => instance.slot === slot);
    if (slot <= aimed.replicas) changes.push(fillSlot(aimed, slot, here, observed));
    else if (here.length > 0) changes.push(emptySlot(aimed, slot, here, observed));
  }
  return changes;
};

/** The seat that the edge sends a slot's requests to. */
export const flaggedSeat = (observed: Pick<Observed, 'flags'>, service: string, slot: number): Seat =>
  observed.flags.seats[slotKey(service, slot)] ?? 'blue';

/** Whether requests are to reach it through the edge. */
export const isRouted = (service: Service): boolean => service.routes.length > 0;

/** Whether the edge sends requests to it now; what it is to become may differ. */
export const isServed = (service: Service, observed: Pick<Observed, 'site'>): boolean =>
  observed.site?.services.some((at) => at.service === service.name) ?? false;

const fillSlot = (
  aimed: AimedService,
  slot: number,
  here: readonly ObservedInstance[],
  observed: Observed,
): SlotChange => {
  const { service } = aimed;
  const old = chooseOld(service, slot, here, observed);
  const others = here.filter((instance) => instance !== old);
  if (old && isAccepted(old, aimed)) {
    const leftovers = others.filter(({ isWarm }) => !isWarm || service.strategy === 'recreate');
    return { service, slot, action: 'keep', old, next: place(old), inTheWay: [], leftovers };
  }
  const warm = others.find((instance) => isUsable(instance, aimed));
  if (warm) {
    return { service, slot, action: 'use-warm', old, next: place(warm), inTheWay: [], leftovers: [] };
  }
  const seat = old ? otherSeat(old.seat) : freeSeat(service, slot, others, observed);
  const inTheWay =
    service.strategy === 'recreate' ? others : others.filter((instance) => instance.seat === seat);
  const leftovers = others.filter((instance) => !inTheWay.includes(instance));
  return {
    service,
    slot,
    action: 'start',
    old,
    next: { service: service.name, slot, seat },
    inTheWay,
    leftovers,
  };
};

const emptySlot = (
  { service, fate }: AimedService,
  slot: number,
  here: readonly ObservedInstance[],
  observed: Observed,
): SlotChange => {
  const old = chooseOld(service, slot, here, observed);
  const others = here.filter((instance) => instance !== old);
  const mustGoFirst = service.strategy === 'recreate' && fate === 'runs';
  const [inTheWay, leftovers] = mustGoFirst ? [others, []] : [[], others];
  return { service, slot, action: 'stop', old, next: null, inTheWay, leftovers };
};

const chooseOld = (
  service: Service,
  slot: number,
  here: readonly ObservedInstance[],
  observed: Observed,
): ObservedInstance | null => {
  const working = here.filter(({ isWarm }) => !isWarm);
  const seat = flaggedSeat(observed, service.name, slot);
  return (
    working.find((instance) => instance.seat === seat && isServed(service, observed)) ??
    working.find(({ isRunning }) => isRunning) ??
    working[0] ??
    null
  );
};

const isAccepted = (instance: ObservedInstance, aimed: AimedService): boolean => {
  switch (aimed.accepts) {
    case 'same':
      return instance.isRunning && instance.fingerprint === aimed.fingerprint;
    case 'running':
      return instance.isRunning;
    case 'present':
      return true;
    case 'none':
      return false;
    default:
      return aimed.accepts satisfies never;
  }
};

// A warm copy gets traffic without another gate, so it has to be healthy by supervision's own account.
const isUsable = (instance: ObservedInstance, aimed: AimedService): boolean =>
  isRouted(aimed.service) &&
  instance.isWarm &&
  instance.isRunning &&
  instance.health === 'healthy' &&
  aimed.accepts === 'same' &&
  aimed.service.strategy !== 'recreate' &&
  instance.fingerprint === aimed.fingerprint;

// With nothing to replace, the seat that the flags name already: then no flag has to move.
const freeSeat = (
  service: Service,
  slot: number,
  others: readonly ObservedInstance[],
  observed: Observed,
): Seat => {
  const flagged = flaggedSeat(observed, service.name, slot);
  const isTaken = (seat: Seat): boolean => others.some((instance) => instance.seat === seat);
  return isTaken(flagged) && !isTaken(otherSeat(flagged)) ? otherSeat(flagged) : flagged;
};

const place = ({ service, slot, seat }: InstancePlace): InstancePlace => ({ service, slot, seat });
