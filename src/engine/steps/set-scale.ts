import type { Name } from '../../model/names.ts';
import type { Hands } from '../hands.ts';
import { done, mayTouch, type StepExecutor } from '../step-context.ts';

/** Remembered with the count of the file that it was set over: a change of the file ends it. */
export const setScale: StepExecutor<'set-scale'> = {
  async execute(context, { service, replicas }, held) {
    mayTouch(context, held);
    remember(context.hands, context.stack, service, replicas);
    return done();
  },

  async undo(context, { service, previous }, held) {
    mayTouch(context, held);
    remember(context.hands, context.stack, service, previous);
    return previous === null
      ? `${service} has as many replicas as the stack file says`
      : `${service} is remembered with ${previous} replicas`;
  },
};

const remember = ({ store }: Hands, stack: Name, service: Name, replicas: number | null): void => {
  const record = store.stacks.get(stack) ?? { name: stack, file: '', scale: {} };
  const { [service]: _before, ...scale } = record.scale;
  if (replicas === null) return store.stacks.put({ ...record, scale });
  const over = store.releases.current(stack)?.stack.services.find(({ name }) => name === service)?.replicas;
  store.stacks.put({ ...record, scale: { ...scale, [service]: { replicas, over: over ?? replicas } } });
};
