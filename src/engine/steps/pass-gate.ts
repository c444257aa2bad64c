import { done, mayTouch, refused, type StepExecutor } from '../step-context.ts';
import { passGates } from './pass-gates.ts';

export const passGate: StepExecutor<'pass-gate'> = {
  async execute(context, { places }, held) {
    mayTouch(context, held);
    const report = await passGates(context, places);
    return report ? refused(report) : done();
  },
};
