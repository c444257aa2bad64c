import { done, mayTouch, refused, type StepExecutor } from '../step-context.ts';
import { passGates } from './pass-gates.ts';

/** All copies of a service at once. After a crash they are asked anew; who is healthy by then passes at once. */
export const passGate: StepExecutor<'pass-gate'> = {
  async execute(context, { places }, held) {
    mayTouch(context, held);
    const report = await passGates(context, places);
    return report ? refused(report) : done();
  },
};
