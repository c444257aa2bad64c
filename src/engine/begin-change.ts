import type { Change } from '../model/change.ts';
import type { LockRecord } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Hands } from './hands.ts';
import { giveBack, tryLock } from './hold-lock.ts';
import type { Planned } from './make-plan.ts';

export type Begun =
  | {
      readonly planned: Planned;
      /** null where there is nothing to do. */
      readonly change: Change | null;
    }
  /** Somebody else has the lock. */
  | { readonly holder: LockRecord };

/**
 * Takes the lock, plans and opens the change, which takes the lock for itself next. Before anything expensive the lock
 * is looked at; where there is nothing to do, or planning is refused, it is free again.
 */
export const beginChange = async (
  hands: Hands,
  asked: {
    readonly stack: Name;
    readonly what: string;
    readonly by: string;
    readonly suspension: AbortSignal;
  },
  makePlan: () => Promise<Planned>,
): Promise<Begun> => {
  const { stack, what, by, suspension } = asked;
  // The change has no number before it has a plan, so the lock is first taken for the planning of it.
  const lock = tryLock(hands, { stack, task: `plan-${what}`, reason: `${by} asked for: ${what}` });
  if (lock.outcome === 'contended') return { holder: lock.record };
  try {
    const planned = await makePlan();
    const isNeeded = planned.plan.steps.length > 0;
    return { planned, change: isNeeded ? openChange(hands, planned.plan, by) : null };
  } finally {
    giveBack(hands, lock.held, suspension);
  }
};

const openChange = ({ store, clock, publish }: Hands, plan: Plan, by: string): Change => {
  const at = clock.now();
  const change = store.journal.open({ stack: plan.stack, plan, by, state: 'running', at });
  publish({ event: 'change.opened', at, stack: plan.stack, change: change.id, sentence: plan.sentence });
  return change;
};
