import type { Change } from '../model/change.ts';
import type { Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { StackFile } from '../stack/load-stack.ts';

/** What somebody wants done with a stack. */
export type PlanRequest =
  | {
      readonly want: 'deploy';
      readonly file: StackFile;
      /** Another git ref than the file's. */
      readonly ref?: string;
      /** A new release though nothing changed. */
      readonly force?: boolean;
    }
  /** null: the newest good release before the live one. */
  | { readonly want: 'rollback'; readonly stack: Name; readonly release: number | null }
  | { readonly want: 'scale'; readonly stack: Name; readonly service: Name; readonly replicas: number }
  | { readonly want: 'restart' | 'start' | 'stop'; readonly stack: Name; readonly services: readonly Name[] }
  | { readonly want: 'down'; readonly stack: Name; readonly purge: boolean }
  | { readonly want: 'job'; readonly stack: Name; readonly job: Name }
  /** Of the agent itself: warm copies whose time is over. */
  | { readonly want: 'retire'; readonly stack: Name };

/** How long to wait where another change or holder of the lock is in the way; absent: not at all. */
export type Patience = { readonly waitMs?: number | undefined };

/** What became of a request. */
export type Accepted =
  | { readonly outcome: 'nothing'; readonly plan: Plan; readonly warnings: readonly Problem[] }
  | {
      readonly outcome: 'started' | 'queued';
      readonly change: Change;
      /** The change it waits for. */
      readonly behind: number | null;
      readonly warnings: readonly Problem[];
    };
