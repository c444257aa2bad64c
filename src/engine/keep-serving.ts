// An undo that half works must not cut anybody off: where requests could not be led back to an old copy, the new copy
// that has them stays. Pure.
import { slotKeysOf } from '../model/edge.ts';
import { type InstancePlace, type Seat, slotKey, type SlotKey } from '../model/names.ts';
import type { Step, StepArgs } from '../model/plan.ts';
import { isSameFlags } from '../plan/step-list.ts';

/** Replicas that keep what the change brought, and in which seat; null: the one that they had before, too. */
export type Kept = ReadonlyMap<SlotKey, Seat | null>;

/** Those that keep it when this step, of all these, can not be undone. */
export const keptBy = (step: Step, steps: readonly Step[]): Kept => {
  switch (step.kind) {
    // The old copy did not come back, and the new one that came before it went is still there.
    case 'stop-instances': {
      const stopped = new Set(step.args.places.map(keyOf));
      const besides = steps
        .filter(({ id }) => id < step.id)
        .flatMap((each) => (each.kind === 'start-instances' ? each.args.places : []));
      return new Map(
        besides.filter((place) => stopped.has(keyOf(place))).map((place) => [keyOf(place), place.seat]),
      );
    }
    case 'switch-routes': {
      const { flags, previous } = step.args;
      const moved = Object.entries(flags.seats).filter(
        ([key, seat]) => seat !== (previous.seats[key] ?? 'blue'),
      );
      return new Map(moved);
    }
    case 'configure-edge':
      return new Map(addedSlots(step.args).map((key) => [key, null]));
    default:
      return new Map();
  }
};

/** As much of the step as may be undone while these replicas keep what they have; null: nothing of it. */
export const withoutKept = (step: Step, kept: Kept): Step | null => {
  if (kept.size === 0) return step;
  switch (step.kind) {
    case 'start-instances': {
      const places = step.args.places.filter((place) => !kept.has(keyOf(place)));
      return places.length > 0 ? { ...step, args: { ...step.args, places } } : null;
    }
    case 'switch-routes': {
      const { flags, previous } = step.args;
      const stay = [...kept].flatMap(([key, seat]) => (seat ? [[key, seat] as const] : []));
      const back = { ...previous, seats: { ...previous.seats, ...Object.fromEntries(stay) } };
      return isSameFlags(back, flags) ? null : { ...step, args: { flags, previous: back } };
    }
    case 'configure-edge':
      return addedSlots(step.args).some((key) => kept.has(key)) ? null : step;
    // What runs has its files there.
    case 'place-release':
      return null;
    default:
      return step;
  }
};

const addedSlots = ({ site, previous }: StepArgs['configure-edge']): SlotKey[] => {
  const before = new Set(slotKeysOf(previous));
  return slotKeysOf(site).filter((key) => !before.has(key));
};

const keyOf = ({ service, slot }: Pick<InstancePlace, 'service' | 'slot'>): SlotKey => slotKey(service, slot);
