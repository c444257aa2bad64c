import type { InstancePlace } from '../../model/names.ts';
import type { Service } from '../../model/stack.ts';
import type { SlotChange } from '../choose-seats.ts';
import { needsHealthy, orderWaves } from '../order-waves.ts';
import type { StepList } from '../step-list.ts';
import { gateText, inSeat, isOrAre } from '../wording.ts';

/**
 * Starts new copies beside whatever runs, wave after wave of dependencies, and gates all of them.
 * A wave that only needs its dependencies started does not wait for their gates.
 */
export const startInWaves = (
  list: StepList,
  phase: 'prove' | 'cut-over',
  slots: readonly SlotChange[],
  release: number,
): void => {
  const services = [...new Set(slots.map(({ service }) => service))];
  let ungated: Service[] = [];
  const passGates = (): void => {
    for (const service of ungated) gate(list, phase, service, placesOf(slots, service), release);
    ungated = [];
  };
  for (const wave of orderWaves(services)) {
    const names = new Set(ungated.map(({ name }) => name));
    if (wave.some((service) => needsHealthy(service, names))) passGates();
    const places = wave.flatMap((service) => placesOf(slots, service));
    start(list, phase, places, release);
    ungated.push(...wave);
  }
  passGates();
};

/** One batch: they start together. */
export const start = (
  list: StepList,
  phase: 'prove' | 'cut-over',
  places: readonly InstancePlace[],
  release: number,
): void => {
  const sentence = `Start ${list.names(places)} of release ${release}${inSeat(places)}`;
  list.add('start-instances', phase, sentence, { release, places });
};

/** One step per service, so that a refusal names the service. */
export const gate = (
  list: StepList,
  phase: 'prove' | 'cut-over',
  service: Service,
  places: readonly InstancePlace[],
  release: number,
): void => {
  const who = list.names(places);
  const sentence = `Wait until ${who} ${isOrAre(places)} healthy (${gateText(service.health)})`;
  list.add('pass-gate', phase, sentence, { release, service: service.name, places });
};

const placesOf = (slots: readonly SlotChange[], service: Service): InstancePlace[] =>
  slots.flatMap((slot) => (slot.service === service && slot.next ? [slot.next] : []));
