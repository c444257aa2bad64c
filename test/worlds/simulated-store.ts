// The store as one agent of a simulated host has it.
import type { Store } from '../../src/ports/store.ts';
import type { StepRecord } from '../../src/model/change.ts';

/** Nothing more comes of what the agent was doing. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** The part of a host that remembers. */
export type StoreHost = {
  readonly store: Store;
  readonly open: Set<number>;
  lastEvent: StepRecord['event'] | null;
  readonly journalHook: (record: string, when: 'before' | 'after') => void;
};

type Call = (...args: unknown[]) => unknown;

/** Every call of a dead agent throws; each journal record may be the last thing it did. */
export const simulatedStore = (host: StoreHost, isDead: () => boolean): Store => {
  const guarded =
    (call: Call): Call =>
    (...args) => {
      if (isDead()) throw new Crash('the agent is dead');
      return call(...args);
    };
  const guardedPart = (part: object): object =>
    Object.fromEntries(Object.entries(part).map(([key, call]) => [key, guarded(call as Call)]));
  const store = Object.fromEntries(
    Object.entries(host.store).map(([name, part]) => [
      name,
      typeof part === 'function' ? guarded(part as Call) : guardedPart(part),
    ]),
  ) as unknown as Store;
  return { ...store, journal: watchedJournal(host, store.journal) };
};

const watchedJournal = (host: StoreHost, journal: Store['journal']): Store['journal'] => ({
  ...journal,
  open: (change) => {
    const opened = journal.open(change);
    host.open.add(opened.id);
    return opened;
  },
  close: (id, end) => {
    journal.close(id, end);
    host.open.delete(id);
  },
  record: (id, entry) => {
    const words = `${entry.step} ${entry.event}`;
    host.journalHook(words, 'before');
    const record = journal.record(id, entry);
    host.lastEvent = entry.event;
    host.journalHook(words, 'after');
    return record;
  },
});
