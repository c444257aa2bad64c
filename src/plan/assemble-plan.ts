import { Refusal } from '../model/error.ts';
import type { Observed } from '../model/observed.ts';
import { PLAN_VERSION, type Plan, type PlanKind, type Step } from '../model/plan.ts';
import { type CopiesDesired, mustHaveRelease } from './aim.ts';
import { addBakeStep, addCutOverSteps } from './cut-over.ts';
import type { Desired } from './desired.ts';
import { openDraft } from './draft.ts';
import { addFinishSteps, addForgetSteps } from './finish.ts';
import { planNotes } from './notes.ts';
import { downSentence, planSentence } from './plan-sentence.ts';
import { addPrepareSteps, addProveSteps, jobSentence } from './prepare.ts';
import { createStepList } from './step-list.ts';
import { namer } from './wording.ts';

export type PlanOptions = {
  /** Epoch milliseconds, for the record of a new release. */
  readonly at: number;
};

/**
 * The steps from what is observed to what is desired; no steps where they are the same.
 * Refusals: `release.none`, `service.unknown`, `job.unknown`, `port.taken`, `port.none-left`, `route.taken`.
 */
export const assemblePlan = (desired: Desired, observed: Observed, options: PlanOptions): Plan => {
  switch (desired.kind) {
    case 'job':
      return assembleJob(desired, observed);
    case 'retire':
      return assembleRetire(desired, observed);
    case 'down':
      return assembleDown(desired, observed, options);
    case 'deploy':
    case 'rollback':
    case 'restart':
    case 'start':
    case 'stop':
    case 'scale':
      return assembleCopies(desired, observed, options);
    default:
      return desired satisfies never;
  }
};

const assembleCopies = (desired: CopiesDesired, observed: Observed, { at }: PlanOptions): Plan => {
  const draft = openDraft(desired, observed, at);
  addPrepareSteps(draft);
  addProveSteps(draft);
  addCutOverSteps(draft);
  addBakeStep(draft);
  addFinishSteps(draft);
  const isAboutReleases = desired.kind === 'deploy' || desired.kind === 'rollback';
  return {
    ...plan(desired.kind, observed, planSentence(draft), draft.list.steps),
    release: {
      to: isAboutReleases ? draft.aim.release.id : null,
      from: observed.currentRelease?.id ?? null,
    },
    notes: draft.list.steps.length > 0 ? planNotes(draft) : [],
  };
};

const assembleDown = (
  desired: Extract<Desired, { kind: 'down' }>,
  observed: Observed,
  options: PlanOptions,
): Plan => {
  if (isDown(desired, observed)) {
    return plan('down', observed, `Nothing to do: ${observed.stackName} is down already`);
  }
  if (observed.currentRelease || observed.releases.length > 0)
    return assembleCopies(desired, observed, options);
  // Its first deploy never came to a release.
  const list = createStepList({ flags: observed.flags, site: observed.site, names: namer(new Set()) });
  addForgetSteps(list, observed.stackName, desired.purge);
  return plan('down', observed, downSentence(observed.stackName, desired.purge), list.steps);
};

// Nothing runs, nothing is reserved, and nobody remembers it: what `down` leaves behind.
const isDown = (desired: Extract<Desired, { kind: 'down' }>, observed: Observed): boolean =>
  desired.isForgotten &&
  observed.instances.length === 0 &&
  observed.site === null &&
  Object.keys(observed.ports).length === 0 &&
  (!desired.purge || observed.releases.length === 0);

const assembleJob = (desired: Extract<Desired, { kind: 'job' }>, observed: Observed): Plan => {
  const release = mustHaveRelease(observed);
  const job = release.stack.jobs.find(({ name }) => name === desired.job);
  if (!job) {
    const known = release.stack.jobs.map(({ name }) => `"${name}"`).join(', ');
    throw new Refusal(
      'job.unknown',
      `Cannot run the job "${desired.job}": release ${release.id} of "${observed.stackName}" has ${known || 'no job'}`,
      { fix: `${known ? 'name one of those, or ' : ''}add it to the stack file and deploy` },
    );
  }
  const list = createStepList({ flags: observed.flags, site: observed.site, names: namer(new Set()) });
  list.add('run-job', 'prepare', jobSentence({ ...job, phase: 'manual' }), {
    release: release.id,
    job: job.name,
    phase: 'manual',
  });
  return plan('job', observed, `Run the job "${job.name}" of release ${release.id}`, list.steps);
};

const assembleRetire = (desired: Extract<Desired, { kind: 'retire' }>, observed: Observed): Plan => {
  const over = observed.instances.filter(
    (instance) =>
      instance.isWarm &&
      desired.places.some(
        ({ service, slot, seat }) =>
          service === instance.service && slot === instance.slot && seat === instance.seat,
      ),
  );
  const several = new Set(observed.instances.filter(({ slot }) => slot > 1).map(({ service }) => service));
  const list = createStepList({ flags: observed.flags, site: observed.site, names: namer(several) });
  list.stop(
    'finish',
    over,
    (who) => `Stop the warm ${who}: ${over.length === 1 ? 'its' : 'their'} time is over`,
  );
  const sentence =
    over.length === 0
      ? 'Nothing to do: no warm copy has had its time'
      : `Stop ${over.length === 1 ? 'a warm copy' : `${over.length} warm copies`} whose time is over`;
  return plan('retire', observed, sentence, list.steps);
};

const plan = (kind: PlanKind, observed: Observed, sentence: string, steps: readonly Step[] = []): Plan => ({
  version: PLAN_VERSION,
  kind,
  stack: observed.stackName,
  release: { to: null, from: observed.currentRelease?.id ?? null },
  sentence,
  steps,
  notes: [],
});
