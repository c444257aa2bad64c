import type { Change } from '../model/change.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Step, StepKind, StepOf } from '../model/plan.ts';
import type { StepHistory } from './change-log.ts';
import type { Hands } from './hands.ts';
import type { StepContext, StepExecutor, StepOutcome } from './step-context.ts';
import { STEP_TABLE } from './steps/table.ts';

/** What every step of one change is run with. */
export type ChangeRun = {
  readonly hands: Hands;
  readonly change: Change;
  readonly held: LockHeld;
  /** Aborts with an `Interruption`: cancelled by somebody, or suspended because the agent stops. */
  readonly signal: AbortSignal;
  /** Aborts only when the agent stops. */
  readonly suspension: AbortSignal;
  /** The agent died or stopped in the middle of it. */
  readonly isResumed: boolean;
};

export const executeStep = <K extends StepKind>(run: ChangeRun, step: StepOf<K>): Promise<StepOutcome> =>
  executorOf(step).execute(contextOf(run, step as Step, run.signal), step.args, run.held);

/** What was undone in one sentence; null where the kind has nothing to undo. A cancel does not stop an undo. */
export const undoStep = async <K extends StepKind>(run: ChangeRun, step: StepOf<K>): Promise<string | null> =>
  (await executorOf(step).undo?.(contextOf(run, step as Step, run.suspension), step.args, run.held)) ?? null;

/** Whether there is something of a step to undo, given what the journal says of it. */
export const hasToBeUndone = (step: Step, history: StepHistory): boolean => {
  if (!history.hasBegun || step.phase === 'finish' || !executorOf(step).undo) return false;
  // A job that ran to its end is past; a copy that had to make room was not at work.
  if (step.kind === 'run-job') return !history.isDone;
  return !(step.kind === 'stop-instances' && step.phase === 'prepare');
};

const executorOf = <K extends StepKind>(step: StepOf<K>): StepExecutor<K> =>
  STEP_TABLE[step.kind] as StepExecutor<K>;

const contextOf = ({ hands, change }: ChangeRun, step: Step, signal: AbortSignal): StepContext => ({
  hands,
  stack: change.stack,
  change,
  signal,
  progressed: (words) =>
    hands.publish({
      event: 'step.progressed',
      at: hands.clock.now(),
      stack: change.stack,
      change: change.id,
      step: step.id,
      words,
    }),
});
