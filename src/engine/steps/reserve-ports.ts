import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** Not undone: a reservation costs nothing, and the next attempt finds the same ports. */
export const reservePorts: StepExecutor<'reserve-ports'> = {
  async execute(context, { ports }, held) {
    mayTouch(context, held);
    context.hands.store.ports.reserve(context.stack, ports);
    return done();
  },
};
