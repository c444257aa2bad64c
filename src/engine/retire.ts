import { Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import type { ChangeQueue } from './change-queue.ts';
import type { Hands } from './hands.ts';
import { overdue } from './make-plan.ts';

/** Stops the warm copies whose time is over, as changes; where one runs or the lock is held, at a later call. */
export const retireWarm = async (hands: Hands, queue: Pick<ChangeQueue, 'submit'>): Promise<void> => {
  hands.supervision.followClock();
  const retire = async (stack: Name): Promise<void> => {
    try {
      await queue.submit({ want: 'retire', stack }, 'reeve');
    } catch (error) {
      if (!(error instanceof Refusal)) hands.failed(`warm copies of "${stack}" were not stopped`, error);
    }
  };
  const due = hands.store.stacks.list().filter(({ name }) => overdue(hands, name).length > 0);
  // At once: a stack that is being planned keeps nobody else's copies.
  await Promise.all(due.map(({ name }) => retire(name)));
};
