import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** The record first, then the folder: a crash in between leaves a record that says it has no folder. */
export const placeRelease: StepExecutor<'place-release'> = {
  async execute(context, { release }, held) {
    const { store, releases } = context.hands;
    mayTouch(context, held);
    if (!store.releases.get(context.stack, release.id)) store.releases.insert(release);
    await releases.place(release, context.signal);
    mayTouch(context, held);
    store.releases.setHasTree(context.stack, release.id, true);
    return done();
  },

  async undo(context, { release }, held) {
    const { store, releases } = context.hands;
    mayTouch(context, held);
    // Off the record first: a folder that is half gone must not be taken for a whole one.
    const isRecorded = store.releases.get(context.stack, release.id) !== null;
    if (isRecorded) store.releases.setHasTree(context.stack, release.id, false);
    await releases.remove(context.stack, release.id);
    return `the folder of release ${release.id} was removed`;
  },
};
