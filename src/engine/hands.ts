// engine/ runs plans: each step's intent is on disk before its effect, and what failed is undone in reverse order.
// It promises a whole state after any crash, cancel or failure. It must never know which driver, edge or store it
// moves: what it may touch is in this one type, and agent/wire.ts fills it.
import type { ReeveEvent } from '../model/event.ts';
import type { LockHolder } from '../model/lock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Driver } from '../ports/driver.ts';
import type { Edge } from '../ports/edge.ts';
import type { Environments } from '../ports/environments.ts';
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
