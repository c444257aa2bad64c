// What every supervisor under measurement can do, so that a comparison is written once.
import type { Workshop } from '../harness/workshop.ts';

/** A program to keep running, in so many copies. */
export type Workload = {
  readonly name: string;
  readonly argv: readonly string[];
  readonly copies: number;
};

export type SupervisorStand = {
  /** Resolves when the command that starts them all has ended; its daemon runs already. */
  readonly up: (...workloads: readonly Workload[]) => Promise<void>;
  /** By the supervisor's own command; nothing is said of what it leaves. */
  readonly down: () => Promise<void>;
  readonly daemonPid: () => Promise<number>;
  /** All that it needs beside the programs: daemon, shims, edge. */
  readonly ownPids: () => Promise<readonly number[]>;
  /** After its daemon was killed: whatever its manual says. */
  readonly revive: () => Promise<void>;
  /** Lines that the programs of the workload wrote and that are on disk. */
  readonly outputFiles: () => readonly string[];
  /** The command that shows what runs. */
  readonly status: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly close: () => Promise<void>;
};

export type SupervisorKind = {
  readonly name: string;
  /** Null where it can be measured; otherwise why not. */
  readonly missing: () => string | null;
  readonly open: (workshop: Workshop) => Promise<SupervisorStand>;
};
