import { instanceId, parseInstanceId } from '../../model/names.ts';
import { done, mayTouch, type StepContext, type StepExecutor } from '../step-context.ts';

/** The last that is done for a stack; each part finds nothing to do where it is called again. */
export const forgetStack: StepExecutor<'forget-stack'> = {
  async execute(context, { purge }, held) {
    const { store, edge, driver, releases } = context.hands;
    const { stack } = context;
    mayTouch(context, held);
    await edge.forget(stack);
    await endRuns(context);
    mayTouch(context, held);
    await driver.forget((await driver.observe(stack)).map(({ ref }) => ref));
    store.instances.remove(stack, store.instances.list(stack).map(instanceId));
    store.ports.free(stack);
    if (purge) {
      await releases.removeStack(stack);
      mayTouch(context, held);
      for (const { id } of store.releases.list(stack)) store.releases.remove(stack, id);
    }
    store.stacks.remove(stack);
    // The edge serves nobody any more. The list last: a stack is on it before the edge hears of it.
    if ((await edge.status()).sites.length === 0 && store.stacks.list().length === 0) await edge.stop();
    return done();
  },
};

// A copy whose stop failed is off the list of what should run: this is the last chance to end it. Where that fails, the
// stack is kept, with its records.
const endRuns = async ({ hands, stack }: StepContext): Promise<void> => {
  const { driver, supervision } = hands;
  const running = (await driver.observe(stack)).filter(({ state }) => state === 'running');
  const copies = running.flatMap(({ ref }) => parseInstanceId(ref.id) ?? []);
  const jobs = running.filter(({ ref }) => parseInstanceId(ref.id) === null);
  await Promise.all([
    copies.length > 0 ? supervision.stop(stack, copies) : null,
    ...jobs.map(({ ref }) => driver.stop([{ ref, signal: 'SIGTERM', graceMs: JOB_GRACE_MS }])),
  ]);
};

const JOB_GRACE_MS = 10_000;
