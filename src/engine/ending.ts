import type { ErrorReport } from '../model/error.ts';

/** How a change came to its end. */
export type Ending =
  /** `unfinished`: what failed where nothing is undone any more. */
  | { readonly end: 'done'; readonly unfinished: readonly ErrorReport[] }
  | {
      readonly end: 'failed' | 'cancelled';
      readonly report: ErrorReport;
      /** Why the release is bad; null where it is not to blame. */
      readonly blame: string | null;
      readonly undone: readonly string[];
      readonly notUndone: readonly string[];
    }
  /** The lock was lost on the way: nothing more was touched, and nothing undone. */
  | { readonly end: 'lost'; readonly report: ErrorReport };
