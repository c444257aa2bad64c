import type { Change } from '../model/change.ts';
import { toReport } from '../model/error.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import { taskOf } from './begin-change.ts';
import type { Hands } from './hands.ts';
import { freeLock, tryLock } from './hold-lock.ts';
import { planDeploy } from './make-plan.ts';
import { closeQueued, stackOfQueued } from './queued-deploy.ts';

export type QueuedDeploy = { readonly id: number; readonly force: boolean };

/**
 * A queued deploy's turn: planned anew from what stands now, and made ready to run. `later`: another holds the lock.
 * Null where there was nothing to do any more, or it could not be planned; then it is closed.
 */
export const beginQueued = async (
  hands: Hands,
  queued: QueuedDeploy,
  signal: AbortSignal,
): Promise<{ readonly change: Change; readonly held: LockHeld } | 'later' | null> => {
  const { journal } = hands.store;
  const change = stillQueued(hands, queued);
  if (!change) return null;
  const { stack, plan: before } = change;
  const wish = { stack, task: taskOf(change), reason: before.sentence, waitMs: 0 };
  const lock = tryLock(hands, wish);
  if (lock.outcome === 'contended') return 'later';
  try {
    const { plan } = await planDeploy(
      hands,
      { stack: stackOfQueued(before), file: fileOf(hands, stack), force: queued.force },
      signal,
    );
    // It may have been cancelled while it was planned.
    if (stillQueued(hands, queued)) {
      if (plan.steps.length > 0) {
        journal.begin(change.id, { plan, fencing: lock.held.fencing });
        return { change: journal.get(change.id) ?? { ...change, plan }, held: lock.held };
      }
      closeQueued(hands, change, { state: 'done', outcome: plan.sentence });
      // What it would have done when it was queued is not what it did.
      journal.setPlan(change.id, plan);
    }
  } catch (error) {
    // Where the agent stops it stays queued, for the next one.
    if (!signal.aborted && stillQueued(hands, queued)) {
      closeQueued(hands, change, { state: 'failed', outcome: 'Nothing was touched', error: toReport(error) });
    }
  }
  freeLock(hands, lock.held);
  return null;
};

const fileOf = ({ store }: Hands, stack: Name): string => store.stacks.get(stack)?.file ?? 'reeve.yaml';

const stillQueued = ({ store }: Hands, { id }: QueuedDeploy): Change | null => {
  const change = store.journal.get(id);
  return change?.state === 'queued' ? change : null;
};
