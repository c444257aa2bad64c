import { type Flags, slotKeysOf } from '../model/edge.ts';
import { type InstancePlace, type Name, slotKey, type SlotKey } from '../model/names.ts';
import { replicasOf } from './aim.ts';
import { flaggedSeat, isRouted, isServed, type SlotChange } from './choose-seats.ts';
import { type Draft, routedServices, startedPlaces } from './draft.ts';
import { withSeats } from './step-list.ts';
import { recreate } from './strategy/recreate.ts';
import { roll } from './strategy/rolling.ts';
import { hasSameRoutes, type MovingSlots, unionSite } from './union-site.ts';
import { counted, joined, spanText } from './wording.ts';

/**
 * Traffic moves: first the edge learns what is new, then rolling services go replica by replica, then those that must
 * not run twice are replaced behind the waiting room, then one switch moves all the rest and lets held requests go.
 */
export const addCutOverSteps = (draft: Draft): void => {
  const { aim, changes, list, observed, desired } = draft;
  const isDown = desired.kind === 'down';
  if (!isDown) list.configure('cut-over', unionSite(observed.site, draft.final, movingSlots(draft)));
  roll(list, changes, aim.release.id);
  recreate(
    list,
    changes.flatMap((change) => change.recreated),
    aim.release.id,
  );
  const flags = finalFlags(draft);
  list.switchTo(switchSentence(draft, flags), flags);
  if (!isDown) list.configure('cut-over', draft.final);
  verify(draft);
  if (aim.isActivated) {
    const previous = observed.currentRelease?.id ?? null;
    list.add('activate-release', 'cut-over', `Make release ${aim.release.id} the live one`, {
      release: aim.release.id,
      previous,
    });
  }
  setScale(draft);
};

/** Watches what is new before the old copies are given up. Skipped where everything new had served before. */
export const addBakeStep = ({ aim, slots, list, observed }: Draft): void => {
  const places = startedPlaces(slots);
  const { forMs } = aim.stack.bake;
  if (!aim.isActivated || forMs === 0 || places.length === 0) return;
  list.add('bake', 'bake', `Watch release ${aim.release.id} for ${spanText(forMs)}`, {
    release: aim.release.id,
    previous: observed.currentRelease?.id ?? null,
    places,
    forMs,
  });
};

// A replica may join the edge's configuration once it passed its gate, in the seat that the flags name.
// One that nobody sits in leaves first; so does one that goes while its service is behind the waiting room.
const movingSlots = ({ changes, observed, final }: Draft): MovingSlots => {
  const keys = (slots: readonly SlotChange[]): Set<SlotKey> =>
    new Set(slots.map(({ service, slot }) => slotKey(service.name, slot)));
  const proved = changes.flatMap((change) => [...change.kept, ...change.beside, ...change.warm]);
  const isFlagged = ({ service, slot, next }: SlotChange): boolean =>
    next?.seat === flaggedSeat(observed, service.name, slot);
  return {
    ready: keys(proved.filter(isFlagged)),
    seatOf: (service, slot) => flaggedSeat(observed, service, slot),
    leaving: new Set([
      ...keys(changes.flatMap(({ recreated }) => recreated.filter(({ next }) => next === null))),
      ...slotKeysOf(observed.site)
        .filter((key) => !slotKeysOf(final).includes(key))
        .filter((key) => !observed.instances.some(({ service, slot }) => slotKey(service, slot) === key)),
    ]),
  };
};

const finalFlags = ({ aim, desired, slots, list, observed }: Draft): Flags => {
  const flags = list.flags();
  const known = new Set(observed.site?.services.map(({ service }) => service));
  const closed = aim.services
    .filter(({ fate }) => fate === 'stopped' || (fate === 'removed' && desired.kind === 'down'))
    .map(({ service }) => service.name)
    .filter((name) => known.has(name));
  // A removed service keeps its maintenance page until the edge forgets its routes.
  const opened = new Set([
    ...aim.services.filter(({ fate }) => fate === 'runs').map(({ service }) => service.name),
    ...closed,
  ]);
  const places = slots.flatMap(({ next, service }) =>
    next && (isRouted(service) || isServed(service, observed)) ? [next] : [],
  );
  return {
    ...withSeats(flags, places),
    held: [],
    maintenance: [...flags.maintenance.filter((name) => !opened.has(name)), ...closed],
  };
};

const switchSentence = ({ aim, slots, observed }: Draft, next: Flags): string => {
  const moved = routedServices(
    slots,
    ({ old, action, service }) =>
      old !== null && (action === 'use-warm' || (action === 'start' && service.strategy !== 'rolling')),
  );
  if (moved.length > 0) {
    const to = aim.isActivated ? `release ${aim.release.id}` : newCopies(moved.length);
    return `Move traffic of ${joined(moved)} to ${to} in one step`;
  }
  const closed = next.maintenance.filter((name) => !observed.flags.maintenance.includes(name));
  if (closed.length > 0) return `Answer requests of ${joined(closed)} with the maintenance page`;
  const opened = observed.flags.maintenance.length + observed.flags.held.length > 0;
  return opened ? 'Let requests reach the services again' : 'Point the edge at the running copies';
};

const newCopies = (services: number): string => (services === 1 ? 'its new copy' : 'their new copies');

const verify = ({ slots, observed, final, list }: Draft): void => {
  const isRerouted = (name: Name): boolean => {
    const before = observed.site?.services.find(({ service }) => service === name);
    const after = final?.services.find(({ service }) => service === name);
    return !hasSameRoutes(before, after);
  };
  const names = routedServices(slots, ({ service, action }) =>
    action === 'keep' ? isRerouted(service.name) : action !== 'stop',
  );
  if (names.length === 0) return;
  // Which of a service's copies answers is the edge's choice, so those that stayed are as good.
  const expected: readonly InstancePlace[] = slots.flatMap(({ next, service }) =>
    next && names.includes(service.name) ? [next] : [],
  );
  list.add('verify-routes', 'cut-over', `Ask the edge who answers for ${joined(names)}`, { expected });
};

const setScale = ({ desired, observed, aim, list }: Draft): void => {
  if (desired.kind !== 'scale') return;
  const { service: name, replicas } = desired;
  const service = aim.stack.services.find((each) => each.name === name);
  if (!service || replicasOf(service, observed) === replicas) return;
  list.add('set-scale', 'cut-over', `Remember ${counted(replicas, 'replica')} for ${name}`, {
    service: name,
    replicas,
    previous: observed.scale[name] ?? null,
  });
};
