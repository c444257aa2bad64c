import { joined } from '../../plan/wording.ts';
import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** Every way out of a change ends the hold: the switch that follows, the undo, and the next change's first switch. */
export const holdRequests: StepExecutor<'hold-requests'> = {
  async execute(context, { flags }, held) {
    mayTouch(context, held);
    await context.hands.edge.ensureRunning();
    mayTouch(context, held);
    await context.hands.edge.switch(context.stack, flags);
    return done();
  },

  async undo(context, { services, previous }, held) {
    mayTouch(context, held);
    await context.hands.edge.switch(context.stack, previous);
    return `the held requests of ${joined(services)} were let go`;
  },
};
