import type { ErrorReport } from './error.ts';
import type { Name } from './names.ts';
import type { Plan } from './plan.ts';

/** `undoing` goes on to `failed` or `cancelled`. `superseded`: a later one took its place in the queue. */
export type ChangeState = 'queued' | 'running' | 'undoing' | 'done' | 'failed' | 'cancelled' | 'superseded';

export const isEnded = (state: ChangeState): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled' || state === 'superseded';

/** One line of the journal. `intent` is on disk before the effect begins. */
export type StepRecord = {
  /** Grows by one within a change. */
  readonly seq: number;
  readonly step: number;
  readonly event: 'intent' | 'done' | 'failed' | 'undo-intent' | 'undone' | 'undo-failed';
  /** Epoch milliseconds. */
  readonly at: number;
  /** One line, redacted: what came of it. */
  readonly words: string | null;
};

/** Why a change goes back. */
export type Retreat = {
  readonly why: 'failed' | 'cancelled';
  readonly report: ErrorReport;
  /** Why the release is bad; null where it is not to blame. */
  readonly blame: string | null;
};

/** One run of a plan. */
export type Change = {
  readonly id: number;
  readonly stack: Name;
  readonly state: ChangeState;
  readonly plan: Plan;
  /** Who asked: a user name of this host, or `reeve` itself. */
  readonly by: string;
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly cancelRequested: boolean;
  /** The fencing number of the lock it holds or held; null while queued. */
  readonly fencing: number | null;
  readonly records: readonly StepRecord[];
  readonly error: ErrorReport | null;
  /** One sentence about the end: `Release 12 is live`, `Release 11 still serves; release 12 was stopped`. */
  readonly outcome: string | null;
};
