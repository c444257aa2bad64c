import { done, mayTouch, type StepExecutor } from '../step-context.ts';
import { placesText } from './places-text.ts';

/** Supervision writes down what should run before it starts it, so that a crash in between loses nothing. */
export const startInstances: StepExecutor<'start-instances'> = {
  async execute(context, { release, places }, held) {
    mayTouch(context, held);
    await context.hands.supervision.start(context.stack, release, places, context.signal);
    return done();
  },

  async undo(context, { release, places }, held) {
    mayTouch(context, held);
    await context.hands.supervision.stop(context.stack, places);
    return `${placesText(places)} of release ${release} ${places.length === 1 ? 'was' : 'were'} stopped`;
  },
};
