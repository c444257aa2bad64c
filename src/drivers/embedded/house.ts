import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../kit/real-clock.ts';
import type { Exit } from '../../model/health.ts';
import { type Layout, runFolder } from '../../model/layout.ts';
import { toName } from '../../model/names.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DriverCapabilities, RunRef } from '../../ports/driver.ts';
import { Cgroups } from './cgroups.ts';
import { ensureShim } from './run-record.ts';
import type { Run, RunTools } from './run.ts';
import { Snapshots } from './snapshots.ts';
import { findTools, type Tools } from './tools.ts';

export type EmbeddedDriverOptions = {
  readonly layout: Layout;
  readonly clock?: Clock;
  readonly log?: (words: string) => void;
  /** Null: without control groups, as an ordinary user has it. Left out: whatever the host lets us have. */
  readonly cgroups?: null;
  /** Left out: those of the host. */
  readonly tools?: Tools;
};

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

export type HostMeans = { readonly tools: Tools; readonly cgroups: Cgroups };

/** Failure `driver.tool-missing` where the host lacks what nothing runs without. */
export const findHostMeans = async (options: EmbeddedDriverOptions): Promise<HostMeans> => {
  const tools = options.tools ?? findTools();
  const isBare = options.cgroups === null;
  return { tools, cgroups: isBare ? Cgroups.none() : await Cgroups.open(options.layout.home, tools.sh) };
};

/** `ended` is told of each run that ends while this agent watches. */
export const assembleHouse = (
  { layout, clock = realClock, log = () => {} }: EmbeddedDriverOptions,
  { tools, cgroups }: HostMeans,
  ended: (run: Run, exit: Exit) => void,
): House => {
  const shimText = readFileSync(join(import.meta.dirname, 'shim.sh'), 'utf8');
  return {
    capabilities: {
      name: 'embedded',
      memoryLimit: cgroups.can('memory') ? 'kernel' : 'sampled',
      cpuLimit: cgroups.can('cpu'),
      taskLimit: cgroups.can('pids'),
      runsAsUser: process.getuid?.() === 0 && tools.setpriv !== null,
      survivesReboot: false,
    },
    clock,
    tools,
    cgroups,
    log,
    snapshots: new Snapshots(clock),
    ensureShim: ({ stack }) => ensureShim(runFolder(layout, stack), shimText),
    runTools: { clock, ended },
    runs: new Map(),
    ownUser: nameOwnUser(),
    folderOf: ({ stack, id }) => join(runFolder(layout, stack), toName(id)),
  };
};

// In a container the agent may run under a number that no user has.
const nameOwnUser = (): string => {
  try {
    return userInfo().username;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return String(process.getuid?.());
    throw error;
  }
};
