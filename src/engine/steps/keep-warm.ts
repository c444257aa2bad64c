import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** The time counts from when traffic has left them, also where the agent died in between. */
export const keepWarm: StepExecutor<'keep-warm'> = {
  async execute(context, { places, forMs }, held) {
    const { supervision, clock } = context.hands;
    mayTouch(context, held);
    supervision.setWarm(context.stack, places, clock.now() + forMs);
    return done();
  },
};
