// What the agent remembers, in one SQLite database. Calls are synchronous; a write is on disk when it returns.
import type { Change, ChangeState, Retreat, StepRecord } from '../model/change.ts';
import type { ErrorReport } from '../model/error.ts';
import type {
  AcquireRequest,
  AcquireResult,
  LockHeld,
  LockRecord,
  LockReleaseResult,
} from '../model/lock.ts';
import type { InstanceId, InstancePlace, Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Release, ReleaseState } from '../model/release.ts';

/** An instance that is meant to run. Being on this list is what supervision keeps up. */
export type DesiredInstance = InstancePlace & {
  readonly release: number;
  /** Of the service's definition, revision and environment. */
  readonly fingerprint: string;
  readonly port: number | null;
  /** Epoch milliseconds; set while it is kept without traffic for a rollback. */
  readonly warmUntil: number | null;
};

export interface JournalStore {
  /** Opens a change, `queued` or `running`. */
  open(change: {
    readonly stack: Name;
    readonly plan: Plan;
    readonly by: string;
    readonly state: 'queued' | 'running';
    readonly at: number;
  }): Change;
  /** The turn of a queued change has come: it is `running` from now on, with this plan and lock, in one write. */
  begin(id: number, turn: { readonly plan: Plan; readonly fencing: number }): void;
  setPlan(id: number, plan: Plan): void;
  setFencing(id: number, fencing: number): void;
  requestCancel(id: number): void;
  /** The change is `undoing` from now on, and why: in one write, so that whoever goes on with it knows all of it. */
  setUndoing(id: number, retreat: Retreat): void;
  /** Null where the change has not begun to go back, or is closed. */
  retreat(id: number): Retreat | null;
  record(id: number, record: Omit<StepRecord, 'seq'>): StepRecord;
  close(
    id: number,
    end: {
      readonly state: ChangeState;
      readonly at: number;
      readonly outcome: string;
      readonly error: ErrorReport | null;
    },
  ): void;
  get(id: number): Change | null;
  /** Newest first. */
  list(query: { readonly stack: Name | null; readonly limit: number }): readonly Change[];
  /** Neither done, failed, cancelled nor superseded; oldest first. */
  unfinished(): readonly Change[];
}

export interface ReleaseStore {
  nextId(stack: Name): number;
  /** Numbers up to this one are never given to a release of the stack. */
  retireIds(stack: Name, upTo: number): void;
  /** Refuses an id that exists (`Defect`). */
  insert(release: Release): void;
  get(stack: Name, id: number): Release | null;
  /** The one that is meant to have the traffic; null where there is none. */
  current(stack: Name): Release | null;
  /** Newest first, `limit` of them or all. Records without a folder are forgotten in time, the oldest first. */
  list(stack: Name, limit?: number): readonly Release[];
  /** Of all stacks, those whose folder is there. */
  onDisk(): readonly { readonly stack: Name; readonly id: number }[];
  /** At most one is `current`: making another one so turns it `stable` in the same write. */
  setState(stack: Name, id: number, state: ReleaseState, reason: string | null): void;
  setHasTree(stack: Name, id: number, hasTree: boolean): void;
  remove(stack: Name, id: number): void;
}

export interface InstanceStore {
  list(stack: Name | null): readonly (DesiredInstance & { readonly stack: Name })[];
  put(stack: Name, instances: readonly DesiredInstance[]): void;
  remove(stack: Name, ids: readonly InstanceId[]): void;
}

export interface PortStore {
  of(stack: Name): Readonly<Record<InstanceId, number>>;
  all(): readonly { readonly stack: Name; readonly instance: InstanceId; readonly port: number }[];
  /** Adds to what the stack has. Failure `port.reserved` where another stack has one of them; then none is reserved. */
  reserve(stack: Name, ports: Readonly<Record<InstanceId, number>>): void;
  free(stack: Name): void;
}

/** Also usable while no agent runs: several processes may open the same database. */
export interface LockStore {
  read(stack: Name): LockRecord;
  /** Every lock that somebody has. */
  taken(): readonly LockRecord[];
  /**
   * Idempotent for the same owner and task: `already-held` while its process is the same, and `acquired` with a new
   * fencing number where another process of that task asks. A lock whose holder's process is gone is taken over, on
   * the record. Refusals `lock.bad-owner`, `lock.bad-task`.
   */
  acquire(request: AcquireRequest): AcquireResult;
  /** `task` must be the holder's. */
  release(stack: Name, task: string): LockReleaseResult;
  /** Whether what this proof was made from still holds: same owner, task and fencing number. */
  isHeld(held: LockHeld): boolean;
}

export type AuditEntry = {
  readonly at: number;
  /** User name or `uid 1000`. */
  readonly by: string;
  /** The call, for example `deploy quickstart`. */
  readonly what: string;
  readonly change: number | null;
  readonly outcome: string;
};

export interface AuditStore {
  append(entry: AuditEntry): void;
  /** Newest first. */
  list(limit: number): readonly AuditEntry[];
}

/** Small facts per stack: the stack file's path, scale overrides. */
export interface StackStore {
  list(): readonly StackRecord[];
  get(stack: Name): StackRecord | null;
  put(record: StackRecord): void;
  remove(stack: Name): void;
}

export type StackRecord = {
  readonly name: Name;
  /** Absolute path of the stack file it was last deployed from. */
  readonly file: string;
  /** Service -> the count set by `scale`, and the file's count it was set over. */
  readonly scale: Readonly<Record<Name, { readonly replicas: number; readonly over: number }>>;
};

/** What an agent found when the state database was lost, and what it put together anew. All sentences for people. */
export type Rebuilt = {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Why the database could not be used; null where it was gone, or knew nothing. */
  readonly why: string | null;
  /** File name, in the state folder, of the damaged database; null where there was none. */
  readonly setAside: string | null;
  /** What is on record again, one sentence for each stack. */
  readonly found: readonly string[];
  /** What was taken for granted, and what is not known any more. */
  readonly doubts: readonly string[];
};

export interface Store {
  readonly stacks: StackStore;
  readonly releases: ReleaseStore;
  readonly journal: JournalStore;
  readonly instances: InstanceStore;
  readonly ports: PortStore;
  readonly lock: LockStore;
  readonly audit: AuditStore;
  close(): void;
}
