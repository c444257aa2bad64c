import type { EdgeSite } from '../../model/edge.ts';
import type { LockHeld } from '../../model/lock.ts';
import { done, mayTouch, type StepContext, type StepExecutor } from '../step-context.ts';

/** The edge proves each site itself and puts the one before back where it can not; here it is only asked. */
export const configureEdge: StepExecutor<'configure-edge'> = {
  async execute(context, { site }, held) {
    await ensureSite(context, site, held);
    return done();
  },

  async undo(context, { previous }, held) {
    await ensureSite(context, previous, held);
    return previous ? 'the edge has its routes of before' : 'the edge has no routes of the stack, as before';
  },
};

const ensureSite = async (context: StepContext, site: EdgeSite | null, held: LockHeld): Promise<void> => {
  const { edge } = context.hands;
  mayTouch(context, held);
  if (site) await edge.ensureRunning();
  mayTouch(context, held);
  // Also where it is written down already: an agent may have died before the edge had read it.
  await edge.configure(context.stack, site);
};
