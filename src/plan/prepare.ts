import { type InstanceId, instanceId } from '../model/names.ts';
import type { Phase } from '../model/plan.ts';
import type { Job, JobPhase } from '../model/stack.ts';
import type { Draft } from './draft.ts';
import { allSlots, type ServiceChange } from './diff-services.ts';
import { startInWaves } from './strategy/swap.ts';
import { joined, portsText, revisionText } from './wording.ts';

/** What has to be so before new copies start: room, the release's folder, ports, jobs. */
export const addPrepareSteps = (draft: Draft): void => {
  const { aim, changes, list } = draft;
  const inTheWay = changes.flatMap(allSlots).flatMap((slot) => slot.inTheWay);
  const of = inTheWay.every(({ isWarm }) => isWarm) ? 'warm' : 'unused';
  const why = inTheWay.length === 1 ? 'its seat is' : 'their seats are';
  list.stop('prepare', inTheWay, (who) => `Stop the ${of} ${who}: ${why} needed`);
  if (aim.isNew) {
    const { id, revision } = aim.release;
    list.add('place-release', 'prepare', `Place release ${id} (${revisionText(revision)})`, {
      release: aim.release,
    });
  }
  reservePorts(draft);
  if (aim.isNew) for (const phase of ['build', 'gate', 'before'] as const) addJobs(draft, phase, 'prepare');
};

/** New copies beside the old ones, each healthy before any traffic moves. */
export const addProveSteps = ({ aim, changes, list }: Draft): void =>
  startInWaves(
    list,
    'prove',
    changes.flatMap((change) => change.beside),
    aim.release.id,
  );

export const addJobs = ({ aim, list }: Draft, phase: JobPhase, within: Phase): void => {
  for (const job of aim.stack.jobs.filter((each) => each.phase === phase)) {
    list.add('run-job', within, jobSentence(job), { release: aim.release.id, job: job.name, phase });
  }
};

/** What a job does at its phase. */
export const jobSentence = (job: Job): string => {
  switch (job.phase) {
    case 'build':
    case 'gate':
      return `Run the ${job.phase} job "${job.name}"`;
    case 'before':
      return `Run the job "${job.name}" before anything starts`;
    case 'after':
      return `Run the job "${job.name}" now that traffic has moved`;
    case 'manual':
      return `Run the job "${job.name}"`;
    default:
      return job.phase satisfies never;
  }
};

const reservePorts = ({ changes, ports, observed, list }: Draft): void => {
  const added = Object.entries(ports).filter(([id, port]) => observed.ports[id] !== port);
  if (added.length === 0) return;
  const words = changes.flatMap((change) => {
    const ids = idsOf(change);
    const its = added.filter(([id]) => ids.has(id)).map(([, port]) => port);
    return its.length > 0 ? [`${portsText(its)} for ${change.service.name}`] : [];
  });
  list.add('reserve-ports', 'prepare', `Reserve ${joined(words)}`, { ports: Object.fromEntries(added) });
};

const idsOf = (change: ServiceChange): Set<InstanceId> =>
  new Set(
    allSlots(change).flatMap(({ slot, service }) =>
      (['blue', 'green'] as const).map((seat) => instanceId({ service: service.name, slot, seat })),
    ),
  );
