import { formatBytes } from '../kit/format.ts';
import { isRouted } from './choose-seats.ts';
import { allSlots } from './diff-services.ts';
import type { Draft } from './draft.ts';
import { joined, spanText } from './wording.ts';

/** What a person should know before saying yes, one sentence each. */
export const planNotes = (draft: Draft): readonly string[] => [
  ...warmNotes(draft),
  ...memoryNotes(draft),
  ...recreateNotes(draft),
  ...aloneNotes(draft),
  ...jobNotes(draft),
  ...refusedBefore(draft),
  ...dependentNotes(draft),
];

const warmNotes = ({ slots, list }: Draft): string[] => {
  const warm = slots.flatMap(({ inTheWay }) => inTheWay).filter(({ isWarm }) => isWarm);
  if (warm.length === 0) return [];
  const copies = warm.length === 1 ? 'Gives up the warm copy' : 'Gives up the warm copies';
  const releases = joined([...new Set(warm.map(({ release }) => `release ${release}`))]);
  return [`${copies} of ${list.names(warm)}: rolling back to ${releases} then needs a fresh start`];
};

const memoryNotes = ({ changes }: Draft): string[] =>
  changes.flatMap(({ service, beside }) => {
    const bytes = service.limits.memoryBytes;
    const twice = beside.filter(({ old }) => old?.isRunning).length;
    if (bytes === null || twice === 0) return [];
    const all = formatBytes(bytes * twice * 2);
    return [`Old and new copies of ${service.name} run at the same time for a while: up to ${all} of memory`];
  });

const recreateNotes = ({ changes }: Draft): string[] =>
  changes.flatMap(({ service, recreated }) => {
    if (!recreated.some(({ old }) => old !== null)) return [];
    const meanwhile = isRouted(service)
      ? `its requests wait, each at most ${spanText(service.holdMs)}`
      : 'nothing of it runs in between';
    return [`The old ${service.name} stops before the new one starts: ${meanwhile}`];
  });

// The stack file said one copy, and the person at the keyboard says more.
const aloneNotes = ({ desired, aim }: Draft): string[] => {
  if (desired.kind !== 'scale' || desired.replicas < 2) return [];
  const service = aim.stack.services.find(({ name }) => name === desired.service);
  return service?.strategy === 'recreate' && service.replicas === 1
    ? [
        `${service.name} is replaced by recreate, as a program is that must be alone: now ${desired.replicas} copies of it run at once`,
      ]
    : [];
};

const jobNotes = ({ desired, aim }: Draft): string[] => {
  if (desired.kind !== 'rollback') return [];
  const jobs = aim.stack.jobs.filter(({ phase }) => phase === 'before').map(({ name }) => `"${name}"`);
  return jobs.length > 0 ? [`Going back does not run ${joined(jobs)} again, and undoes nothing of it`] : [];
};

const refusedBefore = ({ aim, observed }: Draft): string[] => {
  if (!aim.isNew) return [];
  const refused = observed.releases.find(
    ({ state, revision }) => state === 'bad' && revision.id === aim.release.revision.id,
  );
  return refused
    ? [`The same revision was refused as release ${refused.id}: ${refused.stateReason ?? 'no reason kept'}`]
    : [];
};

const dependentNotes = ({ desired, aim, changes }: Draft): string[] => {
  if (desired.kind !== 'stop') return [];
  const stopped = changes.filter((change) => allSlots(change).length > 0).map(({ service }) => service.name);
  return aim.services
    .filter(({ fate }) => fate === 'untouched')
    .flatMap(({ service }) => {
      const lost = service.dependsOn.map((on) => on.service).filter((name) => stopped.includes(name));
      return lost.length > 0 ? [`${service.name} goes on running without ${joined(lost)}`] : [];
    });
};
