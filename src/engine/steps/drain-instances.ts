import { messageOf } from '../../kit/message-of.ts';
import { instanceId } from '../../model/names.ts';
import { counted, spanText } from '../../plan/wording.ts';
import { done, mayTouch, type StepContext, type StepExecutor } from '../step-context.ts';

const PAUSE_MS = 50;

/** Waits for what is in flight. What is left at the deadline is given up, and said. */
export const drainInstances: StepExecutor<'drain-instances'> = {
  async execute(context, { places, deadlineMs }, held) {
    const { clock } = context.hands;
    mayTouch(context, held);
    const draining = new Set(places.map(instanceId));
    const deadline = clock.monotonic() + deadlineMs;
    let shown: string | null = null;
    for (;;) {
      const words = await countInFlight(context, draining);
      if (words === null) return done();
      if (words !== shown) context.progressed(words);
      shown = words;
      if (clock.monotonic() >= deadline)
        return done(`${words} after ${spanText(deadlineMs)}: not waited for`);
      await clock.sleep(PAUSE_MS, context.signal);
    }
  },
};

// Null: none. An edge that can not say is asked again: as long as nobody knows, there may be some.
const countInFlight = async (
  { hands, stack }: StepContext,
  draining: ReadonlySet<string>,
): Promise<string | null> => {
  try {
    const left = (await hands.edge.traffic(stack))
      .filter((upstream) => draining.has(instanceId(upstream)))
      .reduce((total, { inFlight }) => total + inFlight, 0);
    return left === 0 ? null : `${counted(left, 'request')} in flight`;
  } catch (error) {
    return `nobody knows how many requests are in flight (${messageOf(error)})`;
  }
};
