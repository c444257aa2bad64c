import { instanceId } from '../../model/names.ts';
import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** The last that is done for a stack; each part finds nothing to do where it is called again. */
export const forgetStack: StepExecutor<'forget-stack'> = {
  async execute(context, { purge }, held) {
    const { store, edge, driver, releases } = context.hands;
    const { stack } = context;
    mayTouch(context, held);
    await edge.forget(stack);
    const ended = (await driver.observe(stack)).filter(({ state }) => state !== 'running');
    mayTouch(context, held);
    await driver.forget(ended.map(({ ref }) => ref));
    store.instances.remove(stack, store.instances.list(stack).map(instanceId));
    store.ports.free(stack);
    if (purge) {
      await releases.removeStack(stack);
      mayTouch(context, held);
      for (const { id } of store.releases.list(stack)) store.releases.remove(stack, id);
    }
    store.stacks.remove(stack);
    // The edge serves nobody any more.
    if (store.stacks.list().length === 0 && (await edge.status()).sites.length === 0) await edge.stop();
    return done();
  },
};
