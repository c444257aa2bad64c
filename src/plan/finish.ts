import type { InstancePlace, Name } from '../model/names.ts';
import type { ObservedInstance } from '../model/observed.ts';
import { choosePrunable } from './choose-prunable.ts';
import { isRouted, isServed, type SlotChange } from './choose-seats.ts';
import { type Draft, servicesOf } from './draft.ts';
import { orderWaves } from './order-waves.ts';
import { addJobs } from './prepare.ts';
import type { StepList } from './step-list.ts';
import { hasOrHave, joined, spanText } from './wording.ts';

/** What is left once the new state has proved itself. These steps are never undone. */
export const addFinishSteps = (draft: Draft): void => {
  const { aim, desired, list } = draft;
  const left = leftCopies(draft);
  drain(draft, left);
  const warm = left
    .filter(({ old, slot }) => old && canStayWarm(draft, slot))
    .flatMap(({ old }) => old ?? []);
  if (warm.length > 0) {
    const forMs = aim.stack.warmMs;
    const who = `${list.names(warm)} of release ${joined([...new Set(warm.map(({ release }) => String(release)))])}`;
    list.add('keep-warm', 'finish', `Keep ${who} warm for ${spanText(forMs)}, without traffic`, {
      places: warm.map(toPlace),
      forMs,
    });
  }
  stopTheRest(draft, left, warm);
  if (desired.kind === 'down') return addForgetSteps(list, draft.observed.stackName, desired.purge);
  if (aim.isActivated) {
    addJobs(draft, 'after', 'finish');
    prune(draft, warm);
  }
};

/** The last steps of a stack. */
export const addForgetSteps = (list: StepList, stack: Name, purge: boolean): void => {
  list.configure('finish', null);
  const sentence = purge
    ? `Forget ${stack}, and remove its releases, shared folders and logs`
    : `Forget the ports, flags and run records of ${stack}; releases, shared folders and logs stay`;
  list.add('forget-stack', 'finish', sentence, { purge });
};

type Left = { readonly slot: SlotChange; readonly old: ObservedInstance | null };

// Copies that lost their traffic or their work in this plan and still run: rolling and recreate stop theirs earlier.
const leftCopies = ({ changes }: Draft): Left[] =>
  changes
    .flatMap((change) => [...change.beside, ...change.warm, ...change.stopped])
    .map((slot) => ({ slot, old: slot.old }));

const drain = ({ list, slots, observed }: Draft, left: readonly Left[]): void => {
  const served = left.filter(({ slot, old }) => old?.isRunning && isServed(slot.service, observed));
  if (served.length === 0) return;
  const deadlineMs = Math.max(...served.map(({ slot }) => slot.service.drainMs));
  const places = served.map(({ old }) => toPlace(old!));
  const who = `${old(slots)}${list.names(places)}`;
  const sentence = `Wait until ${who} ${hasOrHave(places)} answered, at most ${spanText(deadlineMs)}`;
  list.add('drain-instances', 'finish', sentence, { places, deadlineMs });
};

const canStayWarm = ({ aim, desired, observed }: Draft, { service, old, next }: SlotChange): boolean =>
  (desired.kind === 'deploy' || desired.kind === 'rollback') &&
  aim.stack.warmMs > 0 &&
  service.strategy === 'swap' &&
  isRouted(service) &&
  isServed(service, observed) &&
  next !== null &&
  old !== null &&
  old.isRunning;

const stopTheRest = (draft: Draft, left: readonly Left[], warm: readonly ObservedInstance[]): void => {
  const unused = [
    ...left.flatMap(({ old }) => (old && !warm.includes(old) ? [old] : [])),
    ...draft.slots.flatMap(({ leftovers }) => leftovers),
  ];
  for (const wave of orderWaves(servicesOf(draft)).toReversed()) {
    const names = new Set(wave.map(({ name }) => name));
    const instances = unused.filter(({ service }) => names.has(service));
    draft.list.stop('finish', instances, (who) => `Stop ${old(draft.slots)}${who}`);
  }
};

// `the old web` only where there is a new one beside it.
const old = (slots: readonly SlotChange[]): string =>
  slots.some(({ action }) => action === 'start' || action === 'use-warm') ? 'the old ' : '';

const prune = (draft: Draft, warm: readonly ObservedInstance[]): void => {
  const { aim, observed, slots, list } = draft;
  const kept = slots.flatMap(({ action, old }) => (action === 'keep' && old ? [old.release] : []));
  const stopped = new Set(draft.slots.flatMap((slot) => [...slot.inTheWay, ...slot.leftovers]));
  const stillWarm = observed.instances.filter((instance) => instance.isWarm && !stopped.has(instance));
  const inUse = new Set([
    ...kept,
    ...[...warm, ...stillWarm].map(({ release }) => release),
    ...(observed.currentRelease ? [observed.currentRelease.id] : []),
  ]);
  const releases = choosePrunable(observed, aim.release, inUse);
  if (releases.length === 0) return;
  const plural = releases.length === 1 ? '' : 's';
  const sentence = `Remove the folder${plural} of release${plural} ${joined(releases.map(String))}`;
  list.add('prune-releases', 'finish', sentence, { releases });
};

const toPlace = ({ service, slot, seat }: InstancePlace): InstancePlace => ({ service, slot, seat });
