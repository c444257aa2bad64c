import type { Change } from '../model/change.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Hands } from './hands.ts';
import { freeLock, holdLock, lockHeld, tryLock } from './hold-lock.ts';
import type { Planned } from './make-plan.ts';
import { closeQueued } from './queued-deploy.ts';

export type Begun = {
  readonly planned: Planned;
  /** null where there is nothing to do. */
  readonly change: Change | null;
  readonly held: LockHeld | null;
};

/**
 * Takes the lock, plans, opens the change and gives the lock to it. Before anything expensive the lock is looked at;
 * where there is nothing to do, or planning is refused, it is free again.
 */
export const beginChange = async (
  hands: Hands,
  asked: {
    readonly stack: Name;
    readonly what: string;
    readonly by: string;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  },
  makePlan: () => Promise<Planned>,
): Promise<Begun> => {
  const { stack, what, by, waitMs, signal } = asked;
  // The change has no number before it has a plan, so the lock is first taken for the planning of it.
  const reason = `${by} asked for: ${what}`;
  const planning = await holdLock(hands, { stack, task: `plan-${what}`, reason, waitMs, signal });
  try {
    const planned = await makePlan();
    if (planned.plan.steps.length === 0) return { planned, change: null, held: null };
    const change = openChange(hands, planned.plan, by);
    return { planned, change, held: handOver(hands, planning, change) };
  } finally {
    freeLock(hands, planning);
  }
};

/** The lock's task while a change runs. The same one after a restart: the new agent's claim is the old one's. */
export const taskOf = (change: Pick<Change, 'id'>): string => `change-${change.id}`;

const openChange = ({ store, clock, publish }: Hands, plan: Plan, by: string): Change => {
  const at = clock.now();
  const change = store.journal.open({ stack: plan.stack, plan, by, state: 'running', at });
  publish({ event: 'change.opened', at, stack: plan.stack, change: change.id, sentence: plan.sentence });
  return change;
};

// Between the two calls only another process could come in; then nothing has been touched yet.
const handOver = (hands: Hands, planning: LockHeld, change: Change): LockHeld => {
  const { stack, plan } = change;
  freeLock(hands, planning);
  const result = tryLock(hands, { stack, task: taskOf(change), reason: plan.sentence, waitMs: 0 });
  if (result.outcome === 'contended') {
    const refusal = lockHeld(result.record);
    closeQueued(hands, change, { state: 'failed', outcome: 'Nothing was touched', error: refusal.report });
    throw refusal;
  }
  hands.store.journal.setFencing(change.id, result.held.fencing);
  return result.held;
};
