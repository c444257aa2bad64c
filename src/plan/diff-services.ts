import type { Observed } from '../model/observed.ts';
import type { Service } from '../model/stack.ts';
import type { Aim } from './aim.ts';
import { chooseSeats, type SlotChange } from './choose-seats.ts';

/** How the replicas of one service get from here to there. */
export type ServiceChange = {
  readonly service: Service;
  /** New copies beside which nothing has to stop first: started and gated before any traffic moves. */
  readonly beside: readonly SlotChange[];
  /** Warm copies that get the traffic again. */
  readonly warm: readonly SlotChange[];
  /** Replaced one after the other, each with its own switch. */
  readonly rolling: readonly SlotChange[];
  /** Replaced behind the waiting room: the old copy goes before the new one comes. */
  readonly recreated: readonly SlotChange[];
  readonly kept: readonly SlotChange[];
  readonly stopped: readonly SlotChange[];
};

/** Every service that runs or should, with each replica in the one group that says how it gets there. */
export const diffServices = (aim: Aim, observed: Observed): readonly ServiceChange[] =>
  aim.services.map((aimed) => sortSlots(aimed.service, chooseSeats(aimed, observed)));

/** Each replica once. */
export const allSlots = (change: ServiceChange): readonly SlotChange[] => [
  ...change.beside,
  ...change.warm,
  ...change.rolling,
  ...change.recreated,
  ...change.kept,
  ...change.stopped,
];

const sortSlots = (service: Service, slots: readonly SlotChange[]): ServiceChange => {
  const of = (action: SlotChange['action']): SlotChange[] => slots.filter((slot) => slot.action === action);
  const started = of('start');
  const replacing = started.filter(({ old }) => old !== null);
  const added = started.filter(({ old }) => old === null);
  const common = { service, warm: of('use-warm'), kept: of('keep'), stopped: of('stop') };
  if (service.strategy === 'recreate' && replacing.length > 0) {
    // Not even an added replica of the new version may run beside the old one.
    // Nor may a replica of the old version that is given up run beside the new one.
    return { ...common, beside: [], rolling: [], recreated: [...started, ...common.stopped], stopped: [] };
  }
  if (service.strategy === 'rolling') return { ...common, beside: added, rolling: replacing, recreated: [] };
  return { ...common, beside: started, rolling: [], recreated: [] };
};
