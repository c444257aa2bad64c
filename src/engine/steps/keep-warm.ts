import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** Their time counts from here, and from the new agent's try where this one died; `retire.ts` ends it. */
export const keepWarm: StepExecutor<'keep-warm'> = {
  async execute(context, { places, forMs }, held) {
    const { supervision, clock } = context.hands;
    mayTouch(context, held);
    supervision.setWarm(context.stack, places, clock.now() + forMs);
    return done();
  },
};
