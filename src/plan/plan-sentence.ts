import type { Name } from '../model/names.ts';
import { replicasOf } from './aim.ts';
import { type Draft, startedPlaces } from './draft.ts';
import { counted, joined, revisionText } from './wording.ts';

/** The plan in one line. */
export const planSentence = (draft: Draft): string => {
  const { desired, aim, observed, list } = draft;
  if (list.steps.length === 0) return nothingToDo(draft);
  const { id, revision } = aim.release;
  const from = observed.currentRelease?.id;
  switch (desired.kind) {
    case 'deploy': {
      if (aim.isNew) {
        const over = from === undefined ? '' : ` over release ${from}`;
        return `Deploy release ${id} (${revisionText(revision)})${over}`;
      }
      const count = counted(startedPlaces(draft.slots).length, 'instance');
      return `Deploy release ${id} again: ${count} to start`;
    }
    case 'rollback':
      return `Roll back to release ${id} (${revisionText(revision)})${from === undefined ? '' : ` from release ${from}`}`;
    case 'restart':
      return `Restart ${named(desired.services)} of release ${id}`;
    case 'start':
      return `Start ${named(desired.services)} of release ${id}`;
    case 'stop':
      return `Stop ${named(desired.services)}`;
    case 'scale': {
      const before = scaleOf(desired.service, draft);
      if (before === desired.replicas) return `Bring ${desired.service} to ${counted(before, 'replica')}`;
      return `Scale ${desired.service} from ${before} to ${counted(desired.replicas, 'replica')}`;
    }
    case 'down':
      return downSentence(observed.stackName, desired.purge);
    default:
      return desired satisfies never;
  }
};

export const downSentence = (stack: Name, purge: boolean): string =>
  purge ? `Take ${stack} down and remove its releases, shared folders and logs` : `Take ${stack} down`;

const nothingToDo = (draft: Draft): string => {
  const { desired, aim, observed } = draft;
  const total = aim.services
    .filter(({ fate }) => fate === 'runs')
    .reduce((sum, { replicas }) => sum + replicas, 0);
  const running = draft.slots.filter(({ action, old }) => action === 'keep' && old?.isRunning).length;
  const run = `${running} of ${counted(total, 'instance')} run`;
  switch (desired.kind) {
    case 'deploy':
    case 'rollback':
      return `Nothing to do: release ${aim.release.id} is live and ${run}`;
    case 'restart':
    case 'start':
      return `Nothing to do: ${run}`;
    case 'stop':
      return `Nothing to do: ${named(desired.services)} ${desired.services.length === 1 ? 'is' : 'are'} stopped already`;
    case 'scale':
      return `Nothing to do: ${desired.service} has ${counted(desired.replicas, 'replica')} already`;
    case 'down':
      return `Nothing to do: ${observed.stackName} is down already`;
    default:
      return desired satisfies never;
  }
};

const named = (services: readonly Name[]): string =>
  services.length === 0 ? 'all services' : joined(services);

const scaleOf = (name: Name, { aim, observed }: Draft): number => {
  const service = aim.stack.services.find((each) => each.name === name);
  return service ? replicasOf(service, observed) : 0;
};
