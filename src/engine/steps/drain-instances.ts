import { instanceId } from '../../model/names.ts';
import { counted, spanText } from '../../plan/wording.ts';
import { done, mayTouch, type StepExecutor } from '../step-context.ts';

const PAUSE_MS = 50;

/** Waits for what is in flight. What is left at the deadline is given up, and said. */
export const drainInstances: StepExecutor<'drain-instances'> = {
  async execute(context, { places, deadlineMs }, held) {
    const { edge, clock } = context.hands;
    mayTouch(context, held);
    const draining = new Set(places.map(instanceId));
    const deadline = clock.monotonic() + deadlineMs;
    let shown = -1;
    for (;;) {
      const traffic = await edge.traffic(context.stack);
      const left = traffic
        .filter((upstream) => draining.has(instanceId(upstream)))
        .reduce((total, { inFlight }) => total + inFlight, 0);
      if (left === 0) return done();
      const words = `${counted(left, 'request')} in flight`;
      if (left !== shown) context.progressed(words);
      shown = left;
      if (clock.monotonic() >= deadline)
        return done(`${words} after ${spanText(deadlineMs)}: not waited for`);
      await clock.sleep(PAUSE_MS, context.signal);
    }
  },
};
