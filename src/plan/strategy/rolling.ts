import type { ServiceChange } from '../diff-services.ts';
import { isServed } from '../choose-seats.ts';
import { startOrder } from '../order-waves.ts';
import { type StepList, withSeats } from '../step-list.ts';
import { spanText } from '../wording.ts';
import { gate, start } from './swap.ts';

/** Replaces one replica after the other: at most one more copy than usual runs at any time. */
export const roll = (list: StepList, changes: readonly ServiceChange[], release: number): void => {
  for (const service of startOrder(changes.map((change) => change.service))) {
    const slots = changes.find((change) => change.service === service)?.rolling ?? [];
    for (const { old, next } of slots) {
      if (!next || !old) continue;
      start(list, 'cut-over', [next], release);
      gate(list, 'cut-over', service, [next], release);
      if (isServed(service, { site: list.site() })) {
        const who = list.names([next]);
        list.switchTo(
          `Move traffic of ${who} to release ${release}`,
          withSeats({ ...list.flags(), maintenance: without(list.flags().maintenance, service.name) }, [
            next,
          ]),
        );
        const most = spanText(service.drainMs);
        list.add('drain-instances', 'cut-over', `Wait until the old ${who} has answered, at most ${most}`, {
          places: [{ service: old.service, slot: old.slot, seat: old.seat }],
          deadlineMs: service.drainMs,
        });
      }
      list.stop('cut-over', [old], (it) => `Stop the old ${it}`);
    }
  }
};

const without = (names: readonly string[], name: string): string[] => names.filter((each) => each !== name);
