import type { Service } from '../../model/stack.ts';
import type { SlotChange } from '../choose-seats.ts';
import { isServed } from '../choose-seats.ts';
import { orderWaves } from '../order-waves.ts';
import type { StepList } from '../step-list.ts';
import { joined, hasOrHave, spanText } from '../wording.ts';
import { startInWaves } from './swap.ts';

/**
 * Replaces copies that must not run twice: their requests wait in the waiting room while the old ones stop and the
 * new ones start. The switch that ends the cut-over lets the requests go.
 */
export const recreate = (list: StepList, slots: readonly SlotChange[], release: number): void => {
  if (slots.length === 0) return;
  const services = [...new Set(slots.map(({ service }) => service))];
  const held = services.filter(
    (service) => isServed(service, { site: list.site() }) && hasOld(slots, service),
  );
  if (held.length > 0) holdAndDrain(list, held, slots);
  // Dependents stop before what they depend on.
  for (const wave of orderWaves(services).toReversed()) {
    const old = slots.flatMap((slot) => (slot.old && wave.includes(slot.service) ? [slot.old] : []));
    list.stop('cut-over', old, (who) => `Stop the old ${who}`);
  }
  startInWaves(list, 'cut-over', slots, release);
};

const holdAndDrain = (list: StepList, held: readonly Service[], slots: readonly SlotChange[]): void => {
  const flags = list.flags();
  const names = held.map(({ name }) => name);
  const most = Math.min(...held.map(({ holdMs }) => holdMs));
  list.hold(`Hold the requests of ${joined(names)}, each at most ${spanText(most)}`, {
    ...flags,
    held: [...flags.held.filter((name) => !names.includes(name)), ...names],
  });
  const places = slots
    .filter(({ service }) => held.includes(service))
    .flatMap(({ old }) => (old ? [{ service: old.service, slot: old.slot, seat: old.seat }] : []));
  // What the old copies still answer costs those who wait: at most half of their time.
  const drainMs = Math.min(Math.max(...held.map((service) => service.drainMs)), Math.floor(most / 2));
  const sentence = `Wait until the old ${list.names(places)} ${hasOrHave(places)} answered, at most ${spanText(drainMs)}`;
  list.add('drain-instances', 'cut-over', sentence, {
    places,
    deadlineMs: drainMs,
  });
};

const hasOld = (slots: readonly SlotChange[], service: Service): boolean =>
  slots.some((slot) => slot.service === service && slot.old !== null);
