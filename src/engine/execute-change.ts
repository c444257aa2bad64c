import type { Change, Retreat } from '../model/change.ts';
import { type ErrorReport, Failure, toReport } from '../model/error.ts';
import type { Step } from '../model/plan.ts';
import { recordStep, stepHistory } from './change-log.ts';
import { concludeChange } from './conclude-change.ts';
import { interruptionOf } from './interruption.ts';
import { type ChangeRun, executeStep } from './run-step.ts';
import { undoChange } from './undo-change.ts';

/**
 * Runs a change to its end, from its first unfinished step on, or on with the undo that was begun, and closes it. Null
 * where the agent stops: the next one goes on. Throws only where the journal itself can not be written.
 */
export const executeChange = async (run: ChangeRun): Promise<Change | null> => {
  const { journal } = run.hands.store;
  const begun = journal.retreat(run.change.id);
  const course: Course = begun ? { course: 'back', retreat: begun } : await goForward(run);
  switch (course.course) {
    case 'suspended':
      return null;
    case 'through':
      return await concludeChange(run, { end: 'done', unfinished: course.unfinished });
    case 'lost':
      return await concludeChange(run, { end: 'lost', report: course.report });
    case 'back': {
      const { retreat } = course;
      if (!begun) journal.setUndoing(run.change.id, retreat);
      const undone = await undoChange(run);
      return undone && (await concludeChange(run, { end: 'back', retreat, undone }));
    }
    default:
      return course satisfies never;
  }
};

/** Whether the change has come to where it only goes forward. */
export const hasBegunToFinish = (change: Change): boolean =>
  change.plan.steps.some((step) => step.phase === 'finish' && stepHistory(change.records, step).hasBegun);

type Course =
  /** `unfinished`: what failed where nothing is undone any more. */
  | { readonly course: 'through'; readonly unfinished: readonly ErrorReport[] }
  | { readonly course: 'back'; readonly retreat: Retreat }
  | { readonly course: 'lost'; readonly report: ErrorReport }
  | { readonly course: 'suspended' };

const goForward = async (run: ChangeRun): Promise<Course> => {
  const { plan } = run.change;
  const unfinished: ErrorReport[] = [];
  let isFinishing = hasBegunToFinish(run.change);
  for (const step of plan.steps) {
    const history = stepHistory(run.change.records, step);
    if (history.isDone) continue;
    if (!isFinishing && isCancelled(run)) return cancelled(run);
    if (step.phase === 'finish') isFinishing = true;
    const result =
      history.failure === null ? await attempt(run, step) : resumedFailure(step, history.failure);
    if (result.result === 'suspended') return { course: 'suspended' };
    if (result.result === 'done') continue;
    if (result.report.code === 'lock.lost') return { course: 'lost', report: result.report };
    if (step.phase === 'finish' || staysThoughBad(run, step, result)) unfinished.push(result.report);
    else return isCancelled(run) ? cancelled(run) : back(result);
  }
  return !isFinishing && isCancelled(run) ? cancelled(run) : { course: 'through', unfinished };
};

type BadResult = { readonly result: 'failed' | 'refused'; readonly report: ErrorReport };

type Result =
  | { readonly result: 'done'; readonly words: string | null }
  | { readonly result: 'suspended' }
  | BadResult;

const attempt = async (run: ChangeRun, step: Step): Promise<Result> => {
  const { hands, change } = run;
  if (!stepHistory(change.records, step).hasBegun) recordStep(hands, change, step, { event: 'intent' });
  const result = await tryStep(run, step);
  if (result.result === 'suspended') return result;
  if (result.result === 'done') {
    recordStep(hands, change, step, { event: 'done', words: result.words });
    return result;
  }
  const words = isCancelled(run) ? 'cancelled' : result.report.message;
  recordStep(hands, change, step, { event: 'failed', words });
  return result;
};

const tryStep = async (run: ChangeRun, step: Step): Promise<Result> => {
  try {
    const outcome = await executeStep(run, step);
    return outcome.outcome === 'done'
      ? { result: 'done', words: outcome.words }
      : { result: 'refused', report: outcome.report };
  } catch (error) {
    const report = toReport(error);
    return isSuspended(run, report) ? { result: 'suspended' } : { result: 'failed', report };
  }
};

// The agent was gone before anything followed from the failure: of its report, the journal has the message.
const resumedFailure = (step: Step, words: string): BadResult => ({
  result: isTrial(step) ? 'refused' : 'failed',
  report: new Failure('change.resumed', words, {
    why: 'the agent was interrupted after this had failed, and the details with it',
  }).report,
});

const back = ({ result, report }: BadResult): Course => ({
  course: 'back',
  retreat: { why: 'failed', report, blame: result === 'refused' ? report.message : null },
});

const cancelled = ({ change }: ChangeRun): Course => {
  const message = `Cannot go on with "${change.plan.sentence}": it was cancelled`;
  const { report } = new Failure('change.cancelled', message);
  return { course: 'back', retreat: { why: 'cancelled', report, blame: null } };
};

/** Steps in which the release itself is on trial. */
const isTrial = (step: Step): boolean =>
  step.kind === 'pass-gate' ||
  step.kind === 'bake' ||
  (step.kind === 'run-job' && ['build', 'gate', 'before'].includes(step.args.phase));

// The loop guard: from one bad release to another is no way back.
const staysThoughBad = ({ hands, change }: ChangeRun, step: Step, { result, report }: BadResult): boolean => {
  if (step.kind !== 'bake' || result !== 'refused' || step.args.previous === null) return false;
  const { releases } = hands.store;
  if (releases.get(change.stack, step.args.previous)?.state !== 'bad') return false;
  releases.setState(change.stack, step.args.release, 'current', report.message);
  return true;
};

const isCancelled = ({ signal }: ChangeRun): boolean => interruptionOf(signal) === 'cancelled';

const isSuspended = ({ suspension }: ChangeRun, report: ErrorReport): boolean =>
  suspension.aborted || report.code === 'supervision.closed';
