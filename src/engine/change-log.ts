import type { Change, StepRecord } from '../model/change.ts';
import type { Step } from '../model/plan.ts';
import type { Hands } from './hands.ts';

/** Writes the journal of a change; whoever follows is told what was written, after it is on disk. */
export const recordStep = (
  { store, clock, publish }: Hands,
  change: Change,
  step: Step,
  entry: { readonly event: StepRecord['event']; readonly words?: string | null },
): void => {
  const at = clock.now();
  const words = entry.words === undefined || entry.words === null ? null : oneLine(entry.words);
  const record = store.journal.record(change.id, { step: step.id, event: entry.event, at, words });
  publish({ event: 'step.recorded', at, stack: change.stack, change: change.id, record });
};

/** What the journal says of one step. */
export type StepHistory = {
  readonly hasBegun: boolean;
  readonly isDone: boolean;
  /** Its words; null where it did not fail. */
  readonly failure: string | null;
  readonly undo: 'none' | 'begun' | 'undone' | 'undo-failed';
  readonly undoWords: string | null;
};

export const stepHistory = (records: readonly StepRecord[], step: Step): StepHistory => {
  const own = records.filter((record) => record.step === step.id);
  const find = (event: StepRecord['event']): StepRecord | undefined =>
    own.findLast((record) => record.event === event);
  const failed = find('failed');
  const ended = find('undone') ?? find('undo-failed');
  return {
    hasBegun: find('intent') !== undefined,
    isDone: find('done') !== undefined,
    failure: failed ? (failed.words ?? step.sentence) : null,
    undo: ended
      ? ended.event === 'undone'
        ? 'undone'
        : 'undo-failed'
      : find('undo-intent')
        ? 'begun'
        : 'none',
    undoWords: ended?.words ?? null,
  };
};

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').trim();
