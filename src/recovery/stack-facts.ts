import type { EdgeSite, Flags } from '../model/edge.ts';
import type { InstancePlace, Name } from '../model/names.ts';
import type { Release } from '../model/release.ts';

/** A run on record: it runs, or ended and was not taken away. */
export type FoundRun = {
  readonly place: InstancePlace;
  /** Null where nothing tells. */
  readonly release: number | null;
  readonly port: number | null;
  /** Epoch milliseconds. */
  readonly startedAt: number;
};

export type StackFacts = {
  readonly stack: Name;
  /** Oldest first. */
  readonly releases: readonly Omit<Release, 'state' | 'stateReason'>[];
  /** Numbers of release folders that do not say what they are. */
  readonly unreadable: readonly number[];
  readonly runs: readonly FoundRun[];
  readonly site: EdgeSite | null;
  readonly flags: Flags;
  /** Of a service as a release has it; '' where it can not be read. */
  readonly fingerprint: (release: number, service: Name) => string;
};
