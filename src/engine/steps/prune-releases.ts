import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** Nothing of these runs, and nobody can go back to them. */
export const pruneReleases: StepExecutor<'prune-releases'> = {
  async execute(context, { releases: ids }, held) {
    const { store, releases } = context.hands;
    for (const id of ids) {
      mayTouch(context, held);
      // Off the record first: a folder that is half gone must not be rolled back to.
      store.releases.setHasTree(context.stack, id, false);
      await releases.remove(context.stack, id);
    }
    return done();
  },
};
