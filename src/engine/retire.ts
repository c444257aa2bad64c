import { Refusal } from '../model/error.ts';
import type { ChangeQueue } from './change-queue.ts';
import type { Hands } from './hands.ts';
import { overdue } from './make-plan.ts';

/** Stops the warm copies whose time is over, as changes; where one runs or the lock is held, at a later call. */
export const retireWarm = async (hands: Hands, queue: Pick<ChangeQueue, 'submit'>): Promise<void> => {
  for (const { name } of hands.store.stacks.list()) {
    if (overdue(hands, name).length === 0) continue;
    try {
      await queue.submit({ want: 'retire', stack: name }, 'reeve');
    } catch (error) {
      if (!(error instanceof Refusal)) hands.failed(`warm copies of "${name}" were not stopped`, error);
    }
  }
};
