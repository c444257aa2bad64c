import type { EdgeSite } from '../model/edge.ts';
import type { InstancePlace, Name } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import type { Service } from '../model/stack.ts';
import { type Aim, aimAt, type CopiesDesired } from './aim.ts';
import { choosePorts, type Ports } from './choose-ports.ts';
import { isRouted, type SlotChange } from './choose-seats.ts';
import { allSlots, diffServices, type ServiceChange } from './diff-services.ts';
import { refuseTakenRoutes } from './route-conflicts.ts';
import { createStepList, type StepList } from './step-list.ts';
import { finalSite } from './union-site.ts';
import { namer } from './wording.ts';

/** Everything that is decided before the first step is written down. */
export type Draft = {
  readonly desired: CopiesDesired;
  readonly observed: Observed;
  readonly aim: Aim;
  readonly changes: readonly ServiceChange[];
  readonly slots: readonly SlotChange[];
  readonly ports: Ports;
  readonly final: EdgeSite | null;
  readonly list: StepList;
};

/** `at`: epoch milliseconds, for the record of a new release. */
export const openDraft = (desired: CopiesDesired, observed: Observed, at: number): Draft => {
  const aim = aimAt(desired, observed, at);
  refuseTakenRoutes(
    aim.services.filter(({ fate }) => fate === 'runs').map(({ service }) => service),
    observed,
  );
  const changes = diffServices(aim, observed);
  const slots = changes.flatMap(allSlots);
  const ports = choosePorts(aim.services, slots, observed);
  const several = new Set(slots.filter(({ slot }) => slot > 1).map(({ service }) => service.name));
  const list = createStepList({ flags: observed.flags, site: observed.site, names: namer(several) });
  return { desired, observed, aim, changes, slots, ports, final: finalSite(aim, ports, observed), list };
};

/** Places where a new copy starts. */
export const startedPlaces = (slots: readonly SlotChange[]): readonly InstancePlace[] =>
  slots.flatMap(({ action, next }) => (next && action === 'start' ? [next] : []));

/** Services of the plan with routes, whose slots satisfy this; each once, in the order of the file. */
export const routedServices = (
  slots: readonly SlotChange[],
  holds: (slot: SlotChange) => boolean,
): readonly Name[] => [
  ...new Set(
    slots.filter((slot) => isRouted(slot.service) && holds(slot)).map(({ service }) => service.name),
  ),
];

/** Each service of the plan once, in the order of the file. */
export const servicesOf = (draft: Draft): readonly Service[] =>
  draft.aim.services.filter(({ fate }) => fate !== 'untouched').map(({ service }) => service);
