// Engines that are broken on purpose, each by hands that do something else than they promise. The simulation has to
// notice every one of them: what nobody catches nobody tests.
import type { Hands } from '../../src/engine/hands.ts';
import { type StepRecord } from '../../src/model/change.ts';
import { slotKey } from '../../src/model/names.ts';
import type { Store } from '../../src/ports/store.ts';
import { type SimulatedHost, type SimulationOptions, STACK } from './simulated-hands.ts';

const withJournal = (hands: Hands, part: Partial<Store['journal']>): Hands => ({
  ...hands,
  store: { ...hands.store, journal: { ...hands.store.journal, ...part } },
});

const withLock = (hands: Hands, part: Partial<Store['lock']>): Hands => ({
  ...hands,
  store: { ...hands.store, lock: { ...hands.store.lock, ...part } },
});

const isIntent = (event: StepRecord['event']): boolean => event === 'intent' || event === 'undo-intent';

/** An intent reaches the disk only with the record after it. */
const intentAfterEffect = (hands: Hands): Hands => {
  const { journal } = hands.store;
  let late: { readonly id: number; readonly entry: Omit<StepRecord, 'seq'> } | null = null;
  return withJournal(hands, {
    record: (id, entry) => {
      if (late) journal.record(late.id, late.entry);
      late = isIntent(entry.event) ? { id, entry } : null;
      return late ? { ...entry, seq: 0 } : journal.record(id, entry);
    },
  });
};

/** A step is on record as done before it is. */
const doneBeforeEffect = (hands: Hands): Hands => {
  const { journal } = hands.store;
  return withJournal(hands, {
    record: (id, entry) => {
      const { at, step } = entry;
      if (entry.event === 'done') return { ...entry, seq: 0 };
      const record = journal.record(id, entry);
      if (entry.event === 'intent') journal.record(id, { step, event: 'done', at, words: null });
      return record;
    },
  });
};

/** Nobody looks whether the lock is still the change's own. */
const fencingUnchecked = (hands: Hands): Hands => withLock(hands, { isHeld: () => true });

/** The lock is given back as soon as traffic has moved. */
const lockReleasedEarly = (hands: Hands): Hands => ({
  ...fencingUnchecked(hands),
  edge: {
    ...hands.edge,
    switch: async (stack, flags) => {
      await hands.edge.switch(stack, flags);
      const { task } = hands.store.lock.read(stack);
      hands.store.lock.release(stack, task);
    },
  },
});

/** Requests are sent to a copy before it has proved itself. */
const routeBeforeGate = (hands: Hands): Hands => ({
  ...hands,
  supervision: {
    ...hands.supervision,
    passGate: async (stack, place, options) => {
      const flags = await hands.edge.flags(stack);
      const seats = { ...flags.seats, [slotKey(place.service, place.slot)]: place.seat };
      await hands.edge.switch(stack, { ...flags, seats });
      return await hands.supervision.passGate(stack, place, options);
    },
  },
});

/** A gate is passed by asking for it. */
const gateNotWaitedFor = (hands: Hands): Hands => ({
  ...hands,
  supervision: { ...hands.supervision, passGate: async () => ({ outcome: 'passed', tookMs: 0 }) },
});

const isUndoing = (host: SimulatedHost): boolean => host.lastEvent === 'undo-intent';

/** What is undone is on record as undone, and the copies that were started stay. */
const undoSkipped = (hands: Hands, host: SimulatedHost): Hands => ({
  ...hands,
  supervision: {
    ...hands.supervision,
    stop: async (stack, places) => {
      if (!isUndoing(host)) await hands.supervision.stop(stack, places);
    },
  },
});

/** The flags stay where the change has put them. */
const routesNotLedBack = (hands: Hands, host: SimulatedHost): Hands => ({
  ...hands,
  edge: {
    ...hands.edge,
    switch: async (stack, flags) => {
      if (!isUndoing(host)) await hands.edge.switch(stack, flags);
    },
  },
});

/** Old copies go before the new ones have come. */
const oldStoppedFirst = (hands: Hands): Hands => ({
  ...hands,
  supervision: {
    ...hands.supervision,
    start: async (stack, release, places) => {
      const isReplaced = (row: { readonly service: string; readonly slot: number }): boolean =>
        places.some(({ service, slot }) => service === row.service && slot === row.slot);
      await hands.supervision.stop(stack, hands.store.instances.list(STACK).filter(isReplaced));
      await hands.supervision.start(stack, release, places);
    },
  },
});

/** A release folder is removed, and one that is in use with it. */
const pruningTooMuch = (hands: Hands): Hands => ({
  ...hands,
  releases: {
    ...hands.releases,
    remove: async (stack, id) => {
      await hands.releases.remove(stack, id);
      const current = hands.store.releases.list(stack).find(({ state }) => state === 'current');
      if (current) await hands.releases.remove(stack, current.id);
    },
  },
});

export const BROKEN_ENGINES: Readonly<Record<string, SimulationOptions>> = {
  'writes its intent after the effect': { tamper: intentAfterEffect },
  'records a step as done before it is': { tamper: doneBeforeEffect },
  'never checks the fencing number': { tamper: fencingUnchecked },
  'releases the lock when traffic has moved': { tamper: lockReleasedEarly },
  'moves the route before the gate': { tamper: routeBeforeGate },
  'does not wait for the gate': { tamper: gateNotWaitedFor },
  'skips the undo of what it started': { tamper: undoSkipped },
  'does not lead the routes back': { tamper: routesNotLedBack },
  'stops the old copies first': { tamper: oldStoppedFirst },
  'prunes the release that serves': { tamper: pruningTooMuch },
  'knows a holder by its pid alone': { isSame: (a, b) => a.pid === b.pid },
};
