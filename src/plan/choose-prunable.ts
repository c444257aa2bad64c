import type { Observed } from '../model/observed.ts';
import type { Release } from '../model/release.ts';

/**
 * The releases whose folders nothing needs once `live` is current: beyond the number kept for a rollback, or refused
 * or given up. What a running copy comes from always stays.
 */
export const choosePrunable = (
  observed: Observed,
  live: Release,
  inUse: ReadonlySet<number>,
): readonly number[] => {
  const others = observed.releases
    .filter((release) => release.hasTree && release.id !== live.id)
    .toSorted((a, b) => b.id - a.id);
  const canReturnTo = others.filter(({ state }) => state === 'stable' || state === 'current');
  const kept = new Set(canReturnTo.slice(0, live.stack.retention.releases));
  return others.filter((release) => !kept.has(release) && !inUse.has(release.id)).map(({ id }) => id);
};
