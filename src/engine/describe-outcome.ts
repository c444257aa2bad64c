import type { Plan } from '../model/plan.ts';
import { stepHistory } from './change-log.ts';
import type { Ending } from './ending.ts';
import type { ChangeRun } from './run-step.ts';

/** One sentence about how a change ended: what serves now comes first. */
export const describeOutcome = (run: ChangeRun, ending: Ending): string => {
  const resumed = run.isResumed ? ' (resumed after the agent was restarted)' : '';
  return `${sentenceOf(run, ending)}${resumed}`;
};

const sentenceOf = (run: ChangeRun, ending: Ending): string => {
  const { plan } = run.change;
  switch (ending.end) {
    case 'done': {
      const done = pastSentence(plan);
      const count = ending.unfinished.length;
      if (count === 0) return done;
      if (staysThoughBad(run)) return badButLive(plan);
      return `${done}, but ${count === 1 ? 'one of the last steps' : `${count} of the last steps`} failed`;
    }
    case 'lost':
      return 'Stopped where it was, and nothing was undone: the lock was lost';
    case 'back': {
      const { notUndone, isStillServing } = ending.undone;
      if (isStillServing) return stillServes(plan);
      const stands = whatStands(run);
      return notUndone.length === 0 ? stands : `${stands}; not everything could be undone`;
    }
    default:
      return ending satisfies never;
  }
};

// A bake that refused its release, and was not gone back from.
const staysThoughBad = ({ hands, change }: ChangeRun): boolean => {
  const records = hands.store.journal.get(change.id)?.records ?? change.records;
  return change.plan.steps.some(
    (step) => step.kind === 'bake' && stepHistory(records, step).failure !== null,
  );
};

const badButLive = ({ release }: Plan): string =>
  `Release ${release.to} stays live though it turned bad: release ${release.from} was bad too, and going back to it would help nobody`;

const stillServes = ({ release }: Plan): string =>
  release.to === null
    ? 'Not everything could be undone: a part of what it had brought was left running'
    : `Release ${release.to} could not be taken back: a part of it still serves`;

const whatStands = ({ hands, change }: ChangeRun): string => {
  const { plan, stack } = change;
  const live = hands.store.releases.current(stack);
  if (plan.kind === 'job') return 'The job did not succeed; nothing else was touched';
  if (plan.release.to === null || plan.release.to === live?.id) return 'Everything is as it was before';
  const candidate = `release ${plan.release.to} was taken back`;
  return live ? `Release ${live.id} still serves; ${candidate}` : `Nothing serves yet; ${candidate}`;
};

const PAST: Readonly<Record<string, string>> = {
  Restart: 'Restarted',
  Start: 'Started',
  Stop: 'Stopped',
  Scale: 'Scaled',
  Bring: 'Brought',
  Take: 'Took',
  Run: 'Ran',
};

// A plan's sentence is imperative; said afterwards it is past.
const pastSentence = ({ release, sentence }: Plan): string => {
  if (release.to !== null) return `Release ${release.to} is live`;
  const [verb = '', ...rest] = sentence.split(' ');
  return [PAST[verb] ?? verb, ...rest].join(' ').replace(' and remove ', ' and removed ');
};
