import { fromReport } from '../../model/error.ts';
import { done, mayTouch, type StepExecutor } from '../step-context.ts';
import { passGates } from './pass-gates.ts';
import { placesText } from './places-text.ts';

/** The undo brings back what was at work, and trusts it only once it has passed its gate. */
export const stopInstances: StepExecutor<'stop-instances'> = {
  async execute(context, { places }, held) {
    mayTouch(context, held);
    await context.hands.supervision.stop(context.stack, places);
    return done();
  },

  async undo(context, { release, places }, held) {
    mayTouch(context, held);
    await context.hands.supervision.start(context.stack, release, places, context.signal);
    const report = await passGates(context, places);
    if (report) throw fromReport(report);
    return `${placesText(places)} of release ${release} ${places.length === 1 ? 'runs' : 'run'} again`;
  },
};
