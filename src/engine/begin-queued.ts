import type { Change } from '../model/change.ts';
import { toReport } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import type { Hands } from './hands.ts';
import { giveBack, taskOf, tryLock } from './hold-lock.ts';
import { planDeploy } from './make-plan.ts';
import { closeQueued, stackOfQueued } from './queued-deploy.ts';

/**
 * A queued deploy's turn: planned anew from what stands now, and made ready to run. `later`: another holds the lock.
 * Null where there was nothing to do any more, or it could not be planned; then it is closed.
 */
export const beginQueued = async (
  hands: Hands,
  id: number,
  signal: AbortSignal,
): Promise<Change | 'later' | null> => {
  const { journal } = hands.store;
  const change = stillQueued(hands, id);
  if (!change) return null;
  const { stack, plan: before } = change;
  const lock = tryLock(hands, { stack, task: taskOf(change), reason: before.sentence });
  if (lock.outcome === 'contended') return 'later';
  try {
    const { plan } = await planDeploy(
      hands,
      { stack: stackOfQueued(before), file: fileOf(hands, stack), force: before.isForced ?? false },
      signal,
    );
    // It may have been cancelled while it was planned.
    if (stillQueued(hands, id)) {
      if (plan.steps.length > 0) {
        journal.begin(change.id, { plan, fencing: lock.held.fencing });
        return journal.get(change.id) ?? { ...change, plan };
      }
      closeQueued(hands, change, { state: 'done', outcome: plan.sentence });
      // What it would have done when it was queued is not what it did.
      journal.setPlan(change.id, plan);
    }
  } catch (error) {
    // Where the agent stops it stays queued, for the next one.
    if (!signal.aborted && stillQueued(hands, id)) {
      closeQueued(hands, change, { state: 'failed', outcome: 'Nothing was touched', error: toReport(error) });
    }
  }
  giveBack(hands, lock.held, signal);
  return null;
};

const fileOf = ({ store }: Hands, stack: Name): string => store.stacks.get(stack)?.file ?? 'reeve.yaml';

const stillQueued = ({ store }: Hands, id: number): Change | null => {
  const change = store.journal.get(id);
  return change?.state === 'queued' ? change : null;
};
