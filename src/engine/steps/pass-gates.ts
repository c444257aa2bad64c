import type { ErrorReport } from '../../model/error.ts';
import type { InstancePlace } from '../../model/names.ts';
import type { StepContext } from '../step-context.ts';
import { placesText } from './places-text.ts';

/** Gates all places at once; the first that is refused ends the others' waiting. Null: all passed. */
export const passGates = async (
  { hands, stack, signal, progressed }: StepContext,
  places: readonly InstancePlace[],
): Promise<ErrorReport | null> => {
  const refusal = new AbortController();
  const waiting = AbortSignal.any([signal, refusal.signal]);
  const results = await Promise.allSettled(
    places.map(async (place) => {
      try {
        const outcome = await hands.supervision.passGate(stack, place, {
          signal: waiting,
          progressed: (words) => progressed(places.length === 1 ? words : `${placesText([place])}: ${words}`),
        });
        if (outcome.outcome === 'refused') refusal.abort();
        return outcome;
      } catch (error) {
        refusal.abort();
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  for (const result of results) {
    if (result.status === 'fulfilled' && result.value.outcome === 'refused') return result.value.report;
  }
  for (const result of results) {
    if (result.status === 'rejected' && result.reason !== refusal.signal.reason) throw result.reason;
  }
  return null;
};
