import type { ChangeAnswer, Wish } from '../api/wire.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';

/** What the handlers ask of the engine; agent/wire.ts brings the two together. */
export type ChangeDesk = {
  readonly plan: (wish: Wish) => Promise<{ readonly plan: Plan; readonly warnings: readonly Problem[] }>;
  /** Resolves as soon as the change is on disk; it then goes on by itself. Until then `signal` gives it up. */
  readonly submit: (wish: Wish, by: string, signal: AbortSignal) => Promise<ChangeAnswer>;
  /** Refusal `change.past-cancel` where it is too late. */
  readonly cancel: (id: number) => Promise<void>;
};
