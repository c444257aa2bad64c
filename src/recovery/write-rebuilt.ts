import { instanceId } from '../model/names.ts';
import type { Rebuilt, Store } from '../ports/store.ts';
import type { RebuiltStack } from './rebuild-stack.ts';

/** What people are told of it. */
export const describeRebuilt = (
  stacks: readonly RebuiltStack[],
  { why, setAside, at }: Pick<Rebuilt, 'why' | 'setAside' | 'at'>,
): Rebuilt => ({
  at,
  why,
  setAside,
  found: stacks.map(sentenceOf),
  doubts: [
    ...stacks.flatMap(({ stack, doubts }) => doubts.map((doubt) => `${stack}: ${doubt}`)),
    'earlier changes and audit entries, changes that were under way, locks that were held, and the numbers and faults of releases that are not on disk are not known any more',
  ],
});

const sentenceOf = ({ stack, releases, instances, record }: RebuiltStack): string => {
  const current = releases.find(({ state }) => state === 'current');
  const numbers = releases.map(({ id }) => id).join(', ');
  return [
    `${stack}: ${releases.length === 1 ? `release ${numbers}` : `releases ${numbers || 'none'}`}`,
    current ? `release ${current.id} is live` : 'none is live',
    record === null
      ? 'nothing runs'
      : instances.map((row) => `${instanceId(row)} (release ${row.release})`).join(' '),
  ].join('; ');
};

/** Puts it all on record, and says so in the audit. Whatever the store knows already is added to. */
export const writeRebuilt = (store: Store, stacks: readonly RebuiltStack[], rebuilt: Rebuilt): void => {
  for (const { stack, record, releases, lastRelease, instances, ports } of stacks) {
    if (record) store.stacks.put(record);
    for (const release of releases) store.releases.insert(release);
    store.releases.retireIds(stack, lastRelease);
    store.ports.reserve(stack, ports);
    store.instances.put(stack, instances);
  }
  store.audit.append({
    at: rebuilt.at,
    by: 'reeve',
    what: 'rebuild the state database',
    change: null,
    outcome: [
      rebuilt.why ?? 'The state database was gone or knew nothing',
      ...(rebuilt.setAside === null ? [] : [`it is kept as ${rebuilt.setAside}`]),
      ...rebuilt.found,
      ...rebuilt.doubts,
    ].join('. '),
  });
};
