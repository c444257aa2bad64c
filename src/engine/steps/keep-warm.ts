import { done, mayTouch, type StepExecutor } from '../step-context.ts';

export const keepWarm: StepExecutor<'keep-warm'> = {
  async execute(context, { places, forMs }, held) {
    const { supervision, clock } = context.hands;
    mayTouch(context, held);
    supervision.setWarm(context.stack, places, clock.now() + forMs);
    return done();
  },
};
