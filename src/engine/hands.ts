// engine/ runs plans: each step's intent is on disk before its effect, and what failed is undone in reverse order.
// It promises a whole state after any crash, cancel or failure. It must never know which driver, edge or store it
// moves: what it may touch is in this one type, and agent/wire.ts fills it.
import type { ReeveEvent } from '../model/event.ts';
import type { LockHolder } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import type { Release, Revision } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';
import type { Clock } from '../ports/clock.ts';
import type { Driver } from '../ports/driver.ts';
import type { Edge } from '../ports/edge.ts';
import type { LogBook } from '../ports/log-book.ts';
import type { ReleaseDisk } from '../ports/release-disk.ts';
import type { Source } from '../ports/source.ts';
import type { Store } from '../ports/store.ts';
import type { Supervision } from '../ports/supervision.ts';

export type Hands = {
  readonly store: Store;
  readonly supervision: Supervision;
  readonly edge: Edge;
  readonly source: Source;
  readonly releases: ReleaseDisk;
  readonly environments: Environments;
  /** For jobs; instances are supervision's. */
  readonly driver: Pick<Driver, 'start' | 'stop' | 'forget' | 'observe' | 'onExit'>;
  readonly logBook: Pick<LogBook, 'lastLines'>;
  readonly clock: Clock;
  /** TCP ports that anything listens on at this host. */
  readonly listeningPorts: () => Promise<readonly number[]>;
  /** Where the search for free ports begins; 20000 unless set. */
  readonly autoPortsFrom?: number;
  /** This agent, as the holder of locks. */
  readonly holder: LockHolder;
  /** What `~` in a stack file stands for; null: nothing. */
  readonly homeFolder: string | null;
  readonly publish: (event: ReeveEvent) => void;
  /** What went wrong in the background, for the agent's log. */
  readonly failed: (what: string, error: unknown) => void;
};

/** The variables of a stack, as its env files have them now. */
export type Environment = {
  readonly fingerprint: string;
  /** Missing required variables, unreadable files, syntax. */
  readonly problems: readonly Problem[];
  /** Per service, of its definition, the revision and its variables. */
  readonly serviceFingerprints: (revision: Revision) => Readonly<Record<Name, string>>;
};

export interface Environments {
  /** `file`: the stack file's path, for problems. Refusal `command.unset-variable`. */
  assemble(stack: Stack, file: string): Promise<Environment>;
  /** The service fingerprints of a release that is on disk: the very ones its instances were started with. */
  ofRelease(release: Release): Promise<Readonly<Record<Name, string>>>;
}
