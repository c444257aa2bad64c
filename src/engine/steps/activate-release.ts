import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** What `status` and the next plan take for live; the traffic has moved before. */
export const activateRelease: StepExecutor<'activate-release'> = {
  async execute(context, { release, previous }, held) {
    const { releases } = context.hands.store;
    mayTouch(context, held);
    const before = previous === null ? null : releases.get(context.stack, previous);
    // It had to serve though a bake had refused it: nobody should go back to it. First, for the next write clears the reason.
    if (before?.state === 'current' && before.stateReason)
      releases.setState(context.stack, before.id, 'bad', before.stateReason);
    // One before that was good becomes stable with the same write.
    releases.setState(context.stack, release, 'current', null);
    // Somebody went back from it, and had a reason: the next rollback that names no release goes past it.
    if (before && before.id > release && releases.get(context.stack, before.id)?.state === 'stable')
      releases.setState(
        context.stack,
        before.id,
        'stable',
        `somebody went back from it to release ${release}`,
      );
    return done();
  },

  async undo(context, { release, previous }, held) {
    const { releases } = context.hands.store;
    mayTouch(context, held);
    const before = previous === null ? null : releases.get(context.stack, previous);
    const isCandidate = context.change.plan.steps.some(
      (step) => step.kind === 'place-release' && step.args.release.id === release,
    );
    if (before) {
      const reason = before.state === 'bad' ? before.stateReason : null;
      releases.setState(context.stack, before.id, 'current', reason);
    }
    releases.setState(context.stack, release, isCandidate ? 'candidate' : 'stable', null);
    return before ? `release ${before.id} is the live one again` : null;
  },
};
