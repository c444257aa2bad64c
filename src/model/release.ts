import type { Name } from './names.ts';
import type { Stack } from './stack.ts';

/** What a source resolved to. `id` is a content hash or a git object id, in hex. */
export type Revision = {
  readonly kind: 'folder' | 'git';
  readonly id: string;
  /** One line for people: the first line of the commit, or the folder's name. */
  readonly summary: string;
};

/**
 * `candidate`: being deployed, or was cancelled. `current`: it has the traffic.
 * `stable`: it had the traffic and was good; with a reason where somebody went back from it. `bad`: a gate or the bake refused it; rollback skips it.
 */
export type ReleaseState = 'candidate' | 'current' | 'stable' | 'bad';

/** An immutable record of what is or was deployed; only `state`, `stateReason` and `tree` ever change. */
export type Release = {
  /** Counts from 1 within a stack. */
  readonly id: number;
  readonly stackName: Name;
  readonly revision: Revision;
  readonly stack: Stack;
  /** Hash of every variable the release was made with; the values are in the release folder, mode 0600. */
  readonly envFingerprint: string;
  readonly state: ReleaseState;
  readonly stateReason: string | null;
  /** False once retention removed its folder: it can not be rolled back to. */
  readonly hasTree: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
};
