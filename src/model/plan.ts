// A plan is data: what `reeve plan` prints is the object that runs. Nothing in here is a secret.
import type { EdgeSite, Flags } from './edge.ts';
import type { InstanceId, InstancePlace, Name } from './names.ts';
import type { Release } from './release.ts';
import type { JobPhase } from './stack.ts';

/** What each kind of step is told. The engine's table of executors has to have exactly these keys. */
export type StepArgs = {
  /** Records the candidate and puts its tree, environment and shared links on disk. Undo: removes the folder. */
  'place-release': { readonly release: Release };
  /** Records which fixed port belongs to which place. */
  'reserve-ports': { readonly ports: Readonly<Record<InstanceId, number>> };
  'run-job': { readonly release: number; readonly job: Name; readonly phase: JobPhase };
  /** Starts instances beside whatever runs. Undo: stops them and proves them gone. */
  'start-instances': { readonly release: number; readonly places: readonly InstancePlace[] };
  /** Waits until each is healthy and settled. Nothing to undo. */
  'pass-gate': {
    readonly release: number;
    readonly service: Name;
    readonly places: readonly InstancePlace[];
  };
  /** Writes the stack's site, null to remove it. Undo: the site before. */
  'configure-edge': { readonly site: EdgeSite | null; readonly previous: EdgeSite | null };
  /** Requests of these services wait in the waiting room. Undo: lets them go. */
  'hold-requests': { readonly services: readonly Name[]; readonly flags: Flags; readonly previous: Flags };
  /** Moves traffic: one generation of flags, one rename. Undo: the flags before. */
  'switch-routes': { readonly flags: Flags; readonly previous: Flags };
  /** Asks the edge, through its public door, who answers. */
  'verify-routes': { readonly expected: readonly InstancePlace[] };
  /** The release becomes `current`, the one before `stable`. Undo: the other way round. */
  'activate-release': { readonly release: number; readonly previous: number | null };
  /** Watches exits, health and 5xx of the new instances. */
  bake: {
    readonly release: number;
    readonly previous: number | null;
    readonly places: readonly InstancePlace[];
    readonly forMs: number;
  };
  /** Waits for the requests that these still have, at most `deadlineMs`. */
  'drain-instances': { readonly places: readonly InstancePlace[]; readonly deadlineMs: number };
  /** Stops instances and proves them gone. Undo, where the phase allows one: starts them again and passes their gate. */
  'stop-instances': { readonly release: number; readonly places: readonly InstancePlace[] };
  /** Leaves these running without traffic for `forMs`, for a rollback by one rename. */
  'keep-warm': { readonly places: readonly InstancePlace[]; readonly forMs: number };
  'set-scale': { readonly service: Name; readonly replicas: number; readonly previous: number | null };
  /** Removes the folders of releases that nothing can need any more. */
  'prune-releases': { readonly releases: readonly number[] };
  /** Removes run records and flags; with `purge` also releases, shared folders and logs. */
  'forget-stack': { readonly purge: boolean };
};

export type StepKind = keyof StepArgs;

/**
 * `prepare`, `prove`: nothing serves the new release yet. `cut-over`: traffic moves. `bake`: watched.
 * All four are undone when something fails or the change is cancelled. `finish`: only forward.
 */
export type Phase = 'prepare' | 'prove' | 'cut-over' | 'bake' | 'finish';

export type StepOf<K extends StepKind> = {
  /** Counts from 1 within the plan. */
  readonly id: number;
  readonly kind: K;
  readonly phase: Phase;
  /** The one sentence for dry run, progress, history, audit and notification. Imperative, no full stop. */
  readonly sentence: string;
  readonly args: StepArgs[K];
};

export type Step = { [K in StepKind]: StepOf<K> }[StepKind];

export type PlanKind =
  | 'deploy'
  | 'rollback'
  | 'scale'
  | 'restart'
  | 'start'
  | 'stop'
  | 'down'
  | 'retire'
  | 'job';

/** Of the format of plans. What is written with a newer one is not gone on with. */
export const PLAN_VERSION = 1;

export type Plan = {
  readonly version: typeof PLAN_VERSION;
  readonly kind: PlanKind;
  readonly stack: Name;
  /** The release the plan makes or returns to, and the current one. Null where releases are not its business. */
  readonly release: { readonly to: number | null; readonly from: number | null };
  /** One line for people: `Deploy release 12 (a1b2c3d Fix the footer) over release 11`. */
  readonly sentence: string;
  /** Empty: there is nothing to do. */
  readonly steps: readonly Step[];
  /** What a person should know first, one sentence each: memory for two copies, a warm copy that has to go. */
  readonly notes: readonly string[];
  /** Of a deploy that waits for its turn: a new release was asked for, though nothing changed. */
  readonly isForced?: boolean;
};
