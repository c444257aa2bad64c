import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** What `status` and the next plan take for live; the traffic has moved before. */
export const activateRelease: StepExecutor<'activate-release'> = {
  async execute(context, { release, previous }, held) {
    const { releases } = context.hands.store;
    mayTouch(context, held);
    const before = previous === null ? null : releases.get(context.stack, previous);
    // It had to serve though a bake had refused it: nobody should go back to it. First, for the next write clears the reason.
    if (before?.stateReason) releases.setState(context.stack, before.id, 'bad', before.stateReason);
    // One before that was good becomes stable with the same write.
    releases.setState(context.stack, release, 'current', null);
    return done();
  },

  async undo(context, { release, previous }, held) {
    const { releases } = context.hands.store;
    mayTouch(context, held);
    const before = previous === null ? null : releases.get(context.stack, previous);
    const isCandidate = context.change.plan.steps.some(
      (step) => step.kind === 'place-release' && step.args.release.id === release,
    );
    if (before) releases.setState(context.stack, before.id, 'current', before.stateReason);
    releases.setState(context.stack, release, isCandidate ? 'candidate' : 'stable', null);
    return before ? `release ${before.id} is the live one again` : null;
  },
};
