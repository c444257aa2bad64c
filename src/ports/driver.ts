// How programs are run. A driver knows processes, not services: what a run means is supervision's business.
import type { Exit } from '../model/health.ts';
import type { ProcessIdentity } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Command, Limits } from '../model/stack.ts';

/** One run: an instance (`web-1-blue`) or a job (`job-12-migrate`). */
export type RunRef = { readonly stack: Name; readonly id: Name };

export type RunSpec = RunRef & {
  readonly command: Command;
  /** Absolute. */
  readonly workingFolder: string;
  /** The whole environment of the program, secrets included; the driver adds only its own marker. */
  readonly env: Readonly<Record<string, string>>;
  /** null: the agent's own user. */
  readonly user: string | null;
  readonly limits: Limits;
  /** Absolute; opened for appending, by the program's own shim. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Of everything above: a run that exists with the same fingerprint is the same run. */
  readonly fingerprint: string;
};

export type RunFact = {
  readonly ref: RunRef;
  /** `ended`: with a record of how. `lost`: gone, and nobody saw how. */
  readonly state: 'running' | 'ended' | 'lost';
  readonly fingerprint: string;
  /** Of the program itself, not of its shim. */
  readonly process: ProcessIdentity | null;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly exit: Exit | null;
  /** Sizes of both output files, in bytes, when this run started: where its own output begins. */
  readonly stdoutStart: number;
  readonly stderrStart: number;
};

export type StartOutcome =
  | { readonly ref: RunRef; readonly outcome: 'started' | 'already-running'; readonly fact: RunFact }
  /** One sentence: `no such file: ./server`, `user "app" does not exist`. */
  | { readonly ref: RunRef; readonly outcome: 'failed'; readonly code: string; readonly words: string };

export type StopRequest = { readonly ref: RunRef; readonly signal: NodeJS.Signals; readonly graceMs: number };

export type StopOutcome = {
  readonly ref: RunRef;
  /** `killed`: the grace ran out, or something was left of its tree. */
  readonly outcome: 'exited' | 'killed' | 'was-not-running';
  readonly exit: Exit | null;
  /** Processes of the tree that had to be ended one by one (daemonised grandchildren). */
  readonly strays: number;
};

export type Usage = { readonly rssBytes: number; readonly cpuMs: number };

export type DriverCapabilities = {
  readonly name: string;
  /** `kernel`: the driver enforces memory limits itself. `sampled`: supervision has to. `none`: nobody can. */
  readonly memoryLimit: 'kernel' | 'sampled' | 'none';
  readonly cpuLimit: boolean;
  readonly taskLimit: boolean;
  readonly runsAsUser: boolean;
  /** Runs come back after a reboot without the agent. */
  readonly survivesReboot: boolean;
};

export interface Driver {
  readonly capabilities: DriverCapabilities;

  /**
   * Starts each run, in one batch. Idempotent: a run that is running with the same fingerprint is
   * `already-running`; one that runs with another fingerprint, or whose old tree is not gone, is
   * `failed` with `run.exists`. Never throws for one bad spec: the others start.
   */
  start(specs: readonly RunSpec[]): Promise<readonly StartOutcome[]>;

  /** Ends the whole tree of each run, in parallel, and proves that nothing is left before it resolves. Idempotent. */
  stop(requests: readonly StopRequest[]): Promise<readonly StopOutcome[]>;

  /** Sends one signal to the program of a run (`reload`). False where it does not run. */
  signal(ref: RunRef, signal: NodeJS.Signals): Promise<boolean>;

  /** Removes the record of runs that ended. Their output files stay. */
  forget(refs: readonly RunRef[]): Promise<void>;

  /** Everything on record, running or ended; for one stack, or all with null. */
  observe(stack: Name | null): Promise<readonly RunFact[]>;

  /**
   * Once, at an agent's start: finds what an earlier agent started, and watches it from now on. What had ended before
   * is in the answer, and not told to `onExit`.
   */
  adopt(): Promise<readonly RunFact[]>;

  /** Told of each run's end once, also of those that were adopted. The answer ends the subscription. */
  onExit(ended: (ref: RunRef, exit: Exit) => void): () => void;

  /** Of each running run's whole tree, keyed `<stack>/<id>`. */
  usage(): Promise<ReadonlyMap<string, Usage>>;

  /** Ends the watching, not the runs. */
  close(): Promise<void>;
}

export const runKey = (ref: RunRef): string => `${ref.stack}/${ref.id}`;
