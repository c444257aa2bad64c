import type { Name } from './names.ts';

/** Boot id + pid + start time: a pid alone is not an identity. `startTicks` is field 22 of /proc/PID/stat. */
export type ProcessIdentity = {
  readonly bootId: string;
  readonly pid: number;
  readonly startTicks: number;
};

export type LockHolder = {
  readonly host: string;
  /** null: held by nobody's life, until released by name. */
  readonly process: ProcessIdentity | null;
};

/** Who may change a stack now, and why. `owner` is `free`, `deploy`, or a name such as `export`. */
export type LockRecord = {
  readonly stack: Name;
  readonly owner: string;
  readonly task: string;
  readonly reason: string;
  /** Epoch milliseconds; 0 while free. */
  readonly acquiredAt: number;
  readonly holder: LockHolder | null;
  /** Grows by one with every acquisition, never falls. */
  readonly fencing: number;
  /** Set where the holder before died with the lock: both names stay on record. */
  readonly takenOverFrom: { readonly owner: string; readonly task: string; readonly at: number } | null;
};

/** Proof that the lock was held when it was made. A step that needs the lock takes one of these. */
export type LockHeld = {
  readonly stack: Name;
  readonly owner: string;
  readonly task: string;
  readonly fencing: number;
};

export type AcquireRequest = {
  readonly stack: Name;
  readonly owner: string;
  readonly task: string;
  readonly reason: string;
  readonly holder: LockHolder;
  /** Contended also where the same owner and task has it, unless by the very same process: for one that must run alone. */
  readonly exclusive?: boolean;
};

export type AcquireResult =
  | {
      readonly outcome: 'acquired' | 'already-held' | 'taken-over';
      readonly held: LockHeld;
      readonly record: LockRecord;
    }
  | { readonly outcome: 'contended'; readonly record: LockRecord };

export type LockReleaseResult =
  | { readonly outcome: 'released' | 'was-free'; readonly record: LockRecord }
  | { readonly outcome: 'not-holder'; readonly record: LockRecord };
