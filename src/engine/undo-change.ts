import { toReport } from '../model/error.ts';
import { recordStep, stepHistory } from './change-log.ts';
import { canBeUndone, type ChangeRun, undoStep } from './run-step.ts';

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
    if (!history.hasBegun || !canBeUndone(step)) continue;
    if (history.undo === 'undone' && history.undoWords) undone.push(history.undoWords);
    if (history.undo === 'failed') notUndone.push(`${step.sentence}: ${history.undoWords ?? 'not undone'}`);
    if (history.undo === 'undone' || history.undo === 'failed') continue;
    if (history.undo === 'none') recordStep(hands, change, step, { event: 'undo-intent' });
    try {
      const words = await undoStep(run, step);
      recordStep(hands, change, step, { event: 'undone', words });
      if (words) undone.push(words);
    } catch (error) {
      const report = toReport(error);
      if (run.suspension.aborted || report.code === 'supervision.closed') return null;
      recordStep(hands, change, step, { event: 'undo-failed', words: report.message });
      notUndone.push(`${step.sentence}: ${report.message}`);
    }
  }
  return { undone, notUndone };
};
