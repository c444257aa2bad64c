import { toReport } from '../model/error.ts';
import type { Step } from '../model/plan.ts';
import { recordStep, stepHistory } from './change-log.ts';
import { type ChangeRun, hasToBeUndone, undoStep } from './run-step.ts';

/** What an undo came to. */
export type Undone = {
  /** One sentence each, in the order in which it was undone. */
  readonly undone: readonly string[];
  readonly notUndone: readonly string[];
};

/**
 * Undoes what was begun, the last step first, and goes on where one can not be undone. Null where the agent stops:
 * the next one goes on from there.
 */
export const undoChange = async (run: ChangeRun): Promise<Undone | null> => {
  const { hands, change } = run;
  const undone: string[] = [];
  const notUndone: string[] = [];
  hands.store.journal.setState(change.id, 'undoing');
  const records = hands.store.journal.get(change.id)?.records ?? change.records;
  for (const step of change.plan.steps.toReversed()) {
    const history = stepHistory(records, step);
    if (!hasToBeUndone(step, history)) continue;
    if (history.undo === 'undone' && history.undoWords) undone.push(history.undoWords);
    if (history.undo === 'failed') notUndone.push(`${step.sentence}: ${history.undoWords ?? 'not undone'}`);
    if (history.undo === 'undone' || history.undo === 'failed') continue;
    if (history.undo === 'none') recordStep(hands, change, step, { event: 'undo-intent' });
    const result = await tryUndo(run, step);
    if (result.result === 'suspended') return null;
    const { words } = result;
    recordStep(hands, change, step, { event: result.result, words });
    if (result.result === 'undo-failed') notUndone.push(`${step.sentence}: ${words}`);
    else if (words) undone.push(words);
  }
  return { undone, notUndone };
};

type UndoResult =
  | { readonly result: 'undone'; readonly words: string | null }
  | { readonly result: 'undo-failed'; readonly words: string }
  | { readonly result: 'suspended' };

const tryUndo = async (run: ChangeRun, step: Step): Promise<UndoResult> => {
  try {
    return { result: 'undone', words: await undoStep(run, step) };
  } catch (error) {
    const { code, message } = toReport(error);
    const isSuspended = run.suspension.aborted || code === 'supervision.closed';
    return isSuspended ? { result: 'suspended' } : { result: 'undo-failed', words: message };
  }
};
