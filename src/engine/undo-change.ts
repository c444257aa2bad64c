import { toReport } from '../model/error.ts';
import type { Seat, SlotKey } from '../model/names.ts';
import type { Step } from '../model/plan.ts';
import { recordStep, type StepHistory, stepHistory } from './change-log.ts';
import { type Kept, keptBy, withoutKept } from './keep-serving.ts';
import { type ChangeRun, hasToBeUndone, undoStep } from './run-step.ts';

/** What an undo came to. */
export type Undone = {
  /** One sentence each, in the order in which it was undone. */
  readonly undone: readonly string[];
  readonly notUndone: readonly string[];
  /** Requests, or work, are still with what the change brought: that was left running. */
  readonly isStillServing: boolean;
};

/**
 * Undoes what was begun, the last step first, and goes on where one can not be undone, but for what then has to stay.
 * Null where the agent stops: the next one goes on from there.
 */
export const undoChange = async (run: ChangeRun): Promise<Undone | null> => {
  const { hands, change } = run;
  const undone: string[] = [];
  const notUndone: string[] = [];
  const kept = new Map<SlotKey, Seat | null>();
  const records = hands.store.journal.get(change.id)?.records ?? change.records;
  for (const step of change.plan.steps.toReversed()) {
    const history = stepHistory(records, step);
    if (!hasToBeUndone(step, history)) continue;
    const { result, words } = earlierResult(history) ?? (await tryUndo(run, step, { history, kept }));
    if (result === 'suspended') return null;
    if (result === 'undone') {
      if (words) undone.push(words);
      continue;
    }
    for (const [slot, seat] of keptBy(step, change.plan.steps)) kept.set(slot, kept.get(slot) ?? seat);
    notUndone.push(`${step.sentence}: ${words ?? 'not undone'}`);
  }
  return { undone, notUndone, isStillServing: kept.size > 0 };
};

type Result = { readonly result: 'undone' | 'undo-failed' | 'suspended'; readonly words: string | null };

// Of an agent before this one.
const earlierResult = ({ undo, undoWords }: StepHistory): Result | null =>
  undo === 'undone' || undo === 'undo-failed' ? { result: undo, words: undoWords } : null;

const tryUndo = async (
  run: ChangeRun,
  step: Step,
  { history, kept }: { readonly history: StepHistory; readonly kept: Kept },
): Promise<Result> => {
  if (history.undo === 'none') recordStep(run.hands, run.change, step, { event: 'undo-intent' });
  const rest = withoutKept(step, kept);
  const { result, words } = rest ? await carryOut(run, rest) : STAYS;
  if (result !== 'suspended') recordStep(run.hands, run.change, step, { event: result, words });
  return { result, words };
};

const STAYS: Result = {
  result: 'undo-failed',
  words: 'left as it is, because requests could not be led back',
};

const carryOut = async (run: ChangeRun, step: Step): Promise<Result> => {
  try {
    return { result: 'undone', words: await undoStep(run, step) };
  } catch (error) {
    const { code, message } = toReport(error);
    const isSuspended = run.suspension.aborted || code === 'supervision.closed';
    return { result: isSuspended ? 'suspended' : 'undo-failed', words: message };
  }
};
