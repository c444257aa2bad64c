import type { EdgeSite, Flags } from './edge.ts';
import type { HealthState } from './health.ts';
import type { InstanceId, InstancePlace, Name } from './names.ts';
import type { Release } from './release.ts';

/** An instance that is meant to run, as the store has it and the driver sees it. */
export type ObservedInstance = InstancePlace & {
  readonly release: number;
  /** Of the service's definition, revision and environment: equal fingerprints run the same. */
  readonly fingerprint: string;
  readonly isRunning: boolean;
  readonly health: HealthState;
  /** Without traffic, kept for a rollback. */
  readonly isWarm: boolean;
};

/** All that the planner may know about a stack; a value, so that planning is a pure function. */
export type Observed = {
  readonly stackName: Name;
  readonly currentRelease: Release | null;
  readonly releases: readonly Release[];
  readonly nextReleaseId: number;
  readonly instances: readonly ObservedInstance[];
  readonly site: EdgeSite | null;
  readonly flags: Flags;
  /** Ports that already belong to a place of this stack. */
  readonly ports: Readonly<Record<InstanceId, number>>;
  /** Ports that others have: other stacks' reservations and whatever listens on this host. */
  readonly busyPorts: readonly number[];
  /** Where the search for a free port begins, so that two agents of one host do not reach for the same; 20000 unless set. */
  readonly autoPortsFrom?: number;
  /** Who has a busy port, where that is known: `stack "shop" (web-1-blue)`. */
  readonly portOwners?: Readonly<Record<number, string>>;
  /** Hosts and paths that other stacks have at this edge. */
  readonly foreignRoutes: readonly { readonly stack: Name; readonly host: string; readonly path: string }[];
  /** Replica counts set by `reeve scale`; they stay until the stack file's own count changes. */
  readonly scale: Readonly<Record<Name, number>>;
};
