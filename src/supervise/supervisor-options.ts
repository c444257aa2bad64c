import type { ReeveEvent } from '../model/event.ts';
import type { Name } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Driver, RunSpec } from '../ports/driver.ts';
import type { LogBook } from '../ports/log-book.ts';
import type { Prober } from '../ports/prober.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { DesiredInstance, Store } from '../ports/store.ts';
import type { Listening, Stranger } from './gate-report.ts';
import type { DescribedInstance } from './instance-tools.ts';

export type SupervisorOptions = {
  readonly store: Pick<Store, 'instances' | 'releases' | 'ports'>;
  readonly driver: Driver;
  readonly prober: Prober;
  readonly logBook: LogBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly redactor: Redactor;
  /** What an instance is run from. May throw: then a running copy is left alone. */
  readonly describe: (stack: Name, desired: DesiredInstance) => DescribedInstance;
  /** Of each service of a release: its definition, revision and environment. Made anew at each call. */
  readonly fingerprints: (release: Release) => Readonly<Record<Name, string>>;
  /** Where the processes of a tree listen. */
  readonly listeningPorts: (pid: number) => Promise<readonly Listening[]>;
  /** Who of another run listens on a port, where nobody of the tree does. */
  readonly findStranger: (pid: number, port: number) => Promise<Stranger | null>;
  readonly publish: (event: ReeveEvent) => void;
  /** What went wrong in the background, for the agent's log. */
  readonly failed: (what: string, error: unknown) => void;
  /**
   * Called before each start: where logs can only be rotated while their program does not run, this does it. Its failure
   * is reported, and the program is started all the same.
   */
  readonly prepareStart?: (spec: RunSpec) => Promise<void>;
  /** Of this boot; only tests set it. */
  readonly bootId?: string;
};
