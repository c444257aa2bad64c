import type { Retreat } from '../model/change.ts';
import type { ErrorReport } from '../model/error.ts';
import type { Undone } from './undo-change.ts';

/** How a change came to its end. */
export type Ending =
  /** `unfinished`: what failed where nothing is undone any more. */
  | { readonly end: 'done'; readonly unfinished: readonly ErrorReport[] }
  | { readonly end: 'back'; readonly retreat: Retreat; readonly undone: Undone }
  /** The lock was lost on the way: nothing more was touched, and nothing undone. */
  | { readonly end: 'lost'; readonly report: ErrorReport };
