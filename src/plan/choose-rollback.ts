import { Refusal } from '../model/error.ts';
import type { Observed } from '../model/observed.ts';
import type { Release } from '../model/release.ts';

/**
 * The release to go back to: the one asked for, or the newest good one before the current that nobody went back from.
 * Refusals: `release.none`, `release.unknown`, `release.bad`, `release.no-tree`.
 */
export const chooseRollback = (observed: Observed, asked: number | null): Release => {
  const { stackName, releases, currentRelease } = observed;
  if (asked === null) {
    const before = currentRelease?.id ?? Infinity;
    const good = releases
      .filter((release) => release.id < before && isGood(release))
      .toSorted((a, b) => b.id - a.id);
    if (good[0]) return good[0];
    throw new Refusal(
      'release.none',
      `Cannot roll "${stackName}" back: no good release before ${currentRelease ? `release ${currentRelease.id}` : 'this'} is kept, one is required`,
      { fix: 'name the release to go to, an older or a newer one: reeve releases' },
    );
  }
  const release = releases.find(({ id }) => id === asked);
  const cannot = `Cannot roll "${stackName}" back to release ${asked}:`;
  const fix = 'choose another one: reeve releases';
  if (!release) {
    const newest = Math.max(0, ...releases.map(({ id }) => id));
    throw new Refusal('release.unknown', `${cannot} there is none, the newest is release ${newest}`, { fix });
  }
  if (release.state === 'bad') {
    const why = release.stateReason ?? 'it was refused';
    throw new Refusal('release.bad', `${cannot} it is marked bad, a good one is required`, { why, fix });
  }
  if (!release.hasTree) {
    throw new Refusal('release.no-tree', `${cannot} its folder was removed, a kept one is required`, { fix });
  }
  return release;
};

// A stable one has a reason only where somebody went back from it.
const isGood = ({ state, stateReason, hasTree }: Release): boolean =>
  state === 'stable' && stateReason === null && hasTree;
