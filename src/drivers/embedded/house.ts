import type { Clock } from '../../ports/clock.ts';
import type { DriverCapabilities, RunRef } from '../../ports/driver.ts';
import type { Cgroups } from './cgroups.ts';
import type { Run, RunTools } from './run.ts';
import type { Snapshots } from './snapshots.ts';
import type { Tools } from './tools.ts';

/** What starting, stopping and adopting share: the runs that are known, and the host's means. */
export type House = {
  readonly capabilities: DriverCapabilities;
  readonly clock: Clock;
  readonly tools: Tools;
  readonly cgroups: Cgroups;
  readonly snapshots: Snapshots;
  /** The shim's own file for the runs of a stack, made where it is not there. */
  readonly ensureShim: (ref: RunRef) => string;
  readonly runTools: RunTools;
  /** By `runKey`; the latest start of each. */
  readonly runs: Map<string, Run>;
  /** Throws a RangeError for what is not a name. */
  readonly folderOf: (ref: RunRef) => string;
  /** The name of the agent's own user; its number where it has none. */
  readonly ownUser: string;
  readonly log: (words: string) => void;
};
