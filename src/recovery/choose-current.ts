import { isDeepStrictEqual } from 'node:util';
import { slotKey } from '../model/names.ts';
import type { FoundRun, StackFacts } from './stack-facts.ts';

export type ChosenCurrent = { readonly id: number | null; readonly doubts: readonly string[] };

/**
 * Which release is live: the newest one that is exactly what has the traffic, services and routes alike. Where none is,
 * a change was under way, and the newest with traffic is taken. Without routes the copies themselves say it.
 */
export const chooseCurrent = (facts: StackFacts): ChosenCurrent => {
  const serving = servingRuns(facts);
  const ids = serving.flatMap(({ release }) => release ?? []);
  const exact = facts.releases.findLast(({ id }) => isServed(id, serving, facts));
  const isCertain = serving.length > 0 && ids.length === serving.length;
  if (exact && isCertain) return { id: exact.id, doubts: [] };
  const withTraffic = facts.releases.findLast(({ id }) => ids.includes(id));
  const newest = withTraffic ?? facts.releases.at(-1);
  if (!newest) return { id: null, doubts: ['which release is live is not known: none can be read'] };
  const why = withTraffic ? 'a change was under way' : 'nothing that runs says it';
  return {
    id: newest.id,
    doubts: [`which release is live is not certain (${why}): release ${newest.id} is taken`],
  };
};

// With routes, what sits where the flags lead; without, the copy of each slot that was there first.
const servingRuns = ({ runs, site, flags }: StackFacts): readonly FoundRun[] => {
  const routed = runs.filter(({ place }) => {
    const isRouted = site?.services.some(({ service }) => service === place.service);
    return isRouted && (flags.seats[slotKey(place.service, place.slot)] ?? 'blue') === place.seat;
  });
  if (routed.length > 0) return routed;
  const slots = Map.groupBy(runs, ({ place }) => slotKey(place.service, place.slot));
  return [...slots.values()].map((copies) => copies.toSorted((a, b) => a.startedAt - b.startedAt)[0]!);
};

// A copy of an older release goes on serving a newer one that did not change it, so definitions are compared.
const isServed = (id: number, serving: readonly FoundRun[], facts: StackFacts): boolean => {
  const release = facts.releases.find((each) => each.id === id);
  const hasSameRoutes = (facts.site?.services ?? []).every(({ service, routes }) =>
    release?.stack.services.some((each) => each.name === service && isDeepStrictEqual(each.routes, routes)),
  );
  const isRouted = new Set(facts.site?.services.map(({ service }) => service));
  const hasAllRoutes = release?.stack.services.every(
    ({ name, routes }) => routes.length === 0 || isRouted.has(name),
  );
  return (
    hasSameRoutes &&
    hasAllRoutes === true &&
    serving.every(({ place, release: from }) => {
      const wanted = facts.fingerprint(id, place.service);
      return (
        from === id || (from !== null && wanted !== '' && facts.fingerprint(from, place.service) === wanted)
      );
    })
  );
};
