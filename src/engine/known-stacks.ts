import type { Change } from '../model/change.ts';
import type { Name } from '../model/names.ts';
import type { Hands } from './hands.ts';

/** Puts a stack on the list of those that this agent has, with the file that it is deployed from. */
export const rememberFile = ({ store: { stacks } }: Hands, name: Name, file: string): void =>
  stacks.put({ name, file, scale: stacks.get(name)?.scale ?? {} });

/** What a change is about has to be on the list: after `down` a `start` or `rollback` brings it back there. */
export const keepKnown = ({ store: { stacks } }: Hands, { stack, plan }: Change): void => {
  if (plan.kind === 'down' || plan.kind === 'retire' || stacks.get(stack)) return;
  stacks.put({ name: stack, file: '', scale: {} });
};
