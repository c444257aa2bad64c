// What is known of a change that is followed, put together from the whole change and the events after it. Pure.
import type { FollowLine } from '../../api/wire.ts';
import type { Change, StepRecord } from '../../model/change.ts';
import type { Step } from '../../model/plan.ts';

export type StepState = 'running' | 'done' | 'failed' | 'undoing' | 'undone' | 'undo-failed';

export type StepProgress = {
  readonly step: Step;
  readonly state: StepState;
  /** Epoch milliseconds: when the intent was recorded. */
  readonly beganAt: number;
  /** Null while running. */
  readonly endedAt: number | null;
  /** What came of it, or while running the step's own words. */
  readonly words: string | null;
};

export type ChangeProgress = {
  readonly change: Change;
  /** Those that something was recorded of, in the order it began; an undo is an entry of its own. */
  readonly steps: readonly StepProgress[];
};

export const progressOf = (change: Change): ChangeProgress =>
  change.records.reduce(withRecord, { change, steps: [] });

export const isUndo = ({ state }: StepProgress): boolean =>
  state === 'undoing' || state === 'undone' || state === 'undo-failed';

/** An undo that found nothing to undo: not worth a line once it is over. */
export const isIdleUndo = ({ state, words }: StepProgress): boolean => state === 'undone' && !words;

/** It was closed before anything of it began: superseded, cancelled in the queue, or with nothing left to do. */
export const hasNeverBegun = ({ change, steps }: ChangeProgress): boolean =>
  change.closedAt !== null && steps.length === 0;

/** The progress after one more line. */
export const advance = (progress: ChangeProgress | null, line: FollowLine): ChangeProgress | null => {
  if (!('event' in line)) return progressOf(line.change);
  if (!progress) return null;
  if (line.event === 'step.recorded') {
    const known = progress.change.records.at(-1)?.seq ?? 0;
    if (line.record.seq <= known) return progress;
    const change = { ...progress.change, records: [...progress.change.records, line.record] };
    return withRecord({ ...progress, change }, line.record);
  }
  if (line.event === 'step.progressed') {
    const steps = progress.steps.map((one) =>
      one.step.id === line.step && one.endedAt === null ? { ...one, words: line.words } : one,
    );
    return { ...progress, steps };
  }
  return progress;
};

export const runningSteps = ({ steps }: ChangeProgress): readonly StepProgress[] =>
  steps.filter(({ endedAt }) => endedAt === null);

const ENDS = { done: 'done', failed: 'failed', undone: 'undone', 'undo-failed': 'undo-failed' } as const;

const withRecord = (progress: ChangeProgress, record: StepRecord): ChangeProgress => {
  const { steps, change } = progress;
  const step = change.plan.steps.find(({ id }) => id === record.step);
  if (!step) return progress;
  const isUndo = record.event.startsWith('undo');
  const open = steps.findLastIndex(
    (one) => one.step.id === record.step && one.endedAt === null && (one.state === 'undoing') === isUndo,
  );
  if (record.event === 'intent' || record.event === 'undo-intent') {
    // A second intent is a resumed change trying the same step again: it is the same entry.
    if (open >= 0) return progress;
    const state = isUndo ? 'undoing' : 'running';
    return {
      ...progress,
      steps: [...steps, { step, state, beganAt: record.at, endedAt: null, words: record.words }],
    };
  }
  const ended = { state: ENDS[record.event], endedAt: record.at, words: record.words };
  if (open < 0) return { ...progress, steps: [...steps, { step, beganAt: record.at, ...ended }] };
  return { ...progress, steps: steps.map((one, at) => (at === open ? { ...one, ...ended } : one)) };
};
