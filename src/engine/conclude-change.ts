import type { Change, ChangeState, Retreat } from '../model/change.ts';
import type { ErrorReport } from '../model/error.ts';
import { stepHistory } from './change-log.ts';
import { describeOutcome } from './describe-outcome.ts';
import type { Ending } from './ending.ts';
import { freeLock } from './hold-lock.ts';
import { type ChangeRun, hasToBeUndone } from './run-step.ts';

/** Judges the release, closes the change, frees the lock and tells everybody. */
export const concludeChange = async (run: ChangeRun, ending: Ending): Promise<Change> => {
  const { hands, change, held } = run;
  const { store, clock, publish } = hands;
  if (ending.end === 'back') giveUpRelease(run, ending.retreat);
  if (ending.end === 'done') forgetOverruled(run);
  const error = reportOf(run, ending);
  const isCancelled = ending.end === 'back' && ending.retreat.why === 'cancelled';
  const state: ChangeState = isCancelled ? 'cancelled' : error ? 'failed' : 'done';
  const outcome = describeOutcome(run, ending);
  if (ending.end !== 'lost') await forgetJobs(run);
  const at = clock.now();
  store.journal.close(change.id, { state, at, outcome, error });
  freeLock(hands, held);
  const closed = store.journal.get(change.id) ?? { ...change, state, closedAt: at, outcome, error };
  publish({
    event: 'change.closed',
    at,
    stack: change.stack,
    change: change.id,
    state,
    sentence: closed.outcome ?? outcome,
    error: closed.error,
  });
  return closed;
};

// A replica count holds until the file says another one; should the file say the old one again, that is the file's word.
const forgetOverruled = ({ hands, change }: ChangeRun): void => {
  const { stacks, releases } = hands.store;
  const record = stacks.get(change.stack);
  const live = releases.current(change.stack);
  if (!record || !live) return;
  const scale = Object.entries(record.scale).filter(([name, { over }]) =>
    live.stack.services.some((service) => service.name === name && service.replicas === over),
  );
  if (scale.length === Object.keys(record.scale).length) return;
  stacks.put({ ...record, scale: Object.fromEntries(scale) });
};

// A release that serves stays what it is: only one that was taken back is given up. Where it is not to blame it is not
// bad, and its reason says why it never was live.
const giveUpRelease = ({ hands, change }: ChangeRun, { why, blame, report }: Retreat): void => {
  const { releases } = hands.store;
  const id = change.plan.release.to;
  const release = id === null ? null : releases.get(change.stack, id);
  if (!release || release.state === 'current') return;
  if (blame !== null) releases.setState(change.stack, release.id, 'bad', blame);
  else if (release.state === 'candidate') {
    const reason = why === 'cancelled' ? 'its deploy was cancelled' : report.message;
    releases.setState(change.stack, release.id, 'candidate', reason);
  }
};

const reportOf = (run: ChangeRun, ending: Ending): ErrorReport | null => {
  switch (ending.end) {
    case 'done': {
      const [first, ...others] = ending.unfinished;
      if (!first) return null;
      const also = others.map(({ message }) => message);
      const why = [first.why, ...also].filter((words) => words !== undefined);
      return { ...tried(first), ...(why.length > 0 ? { why: why.join('; ') } : {}) };
    }
    case 'back': {
      const { report } = ending.retreat;
      const { undone, notUndone } = ending.undone;
      return {
        ...tried(report),
        undone: [...(report.undone ?? []), ...undone],
        notUndone: [...(report.notUndone ?? []), ...notUndone],
      };
    }
    case 'lost':
      return { ...tried(ending.report), undone: [], notUndone: leftStanding(run) };
    default:
      return ending satisfies never;
  }
};

// A refusal inside a change is not "nothing was touched": it was tried.
const tried = (report: ErrorReport): ErrorReport =>
  report.kind === 'defect' ? report : { ...report, kind: 'failure', exit: 1 };

const leftStanding = ({ hands, change }: ChangeRun): readonly string[] => {
  const records = hands.store.journal.get(change.id)?.records ?? change.records;
  return change.plan.steps
    .filter((step) => hasToBeUndone(step, stepHistory(records, step)))
    .map(({ sentence }) => sentence);
};

// Their records were kept until now, so that a resumed change would not run a job again.
const forgetJobs = async ({ hands, change }: ChangeRun): Promise<void> => {
  const jobs = change.plan.steps.filter((step) => step.kind === 'run-job');
  if (jobs.length === 0) return;
  try {
    const prefix = `job-${change.id}-`;
    const facts = await hands.driver.observe(change.stack);
    const ended = facts.filter(({ ref, state }) => ref.id.startsWith(prefix) && state !== 'running');
    await hands.driver.forget(ended.map(({ ref }) => ref));
  } catch (error) {
    hands.failed(`the run records of the jobs of change ${change.id} were not removed`, error);
  }
};
