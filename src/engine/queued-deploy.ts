// Deploys that wait for their turn. Everything they need is in the plan they were queued with.
import type { Change, ChangeState } from '../model/change.ts';
import { Defect, type ErrorReport, toReport } from '../model/error.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Plan } from '../model/plan.ts';
import type { Stack } from '../model/stack.ts';
import type { Hands } from './hands.ts';
import { freeLock, holdLock } from './hold-lock.ts';
import { planDeploy } from './make-plan.ts';

// A queued deploy takes over from a change of this agent, which frees its lock; others may need a while.
const LOCK_WAIT_MS = 600_000;

export const openQueued = ({ store, clock, publish }: Hands, plan: Plan, by: string): Change => {
  const at = clock.now();
  const notes = ['It waits for its turn, and is planned anew then', ...plan.notes];
  const change = store.journal.open({ stack: plan.stack, plan: { ...plan, notes }, by, state: 'queued', at });
  publish({ event: 'change.opened', at, stack: plan.stack, change: change.id, sentence: plan.sentence });
  return change;
};

/** The latest wins: what waited before is closed, and whoever follows it is told. */
export const supersede = (hands: Hands, id: number, by: number): void => {
  const change = hands.store.journal.get(id);
  if (!change || change.state !== 'queued') return;
  closeQueued(hands, change, { state: 'superseded', outcome: `Change ${by} took its place in the queue` });
};

/** Closes a change that never began. */
export const closeQueued = (
  { store, clock, publish }: Hands,
  change: Change,
  end: { readonly state: ChangeState; readonly outcome: string; readonly error?: ErrorReport },
): void => {
  const at = clock.now();
  const error = end.error ?? null;
  store.journal.close(change.id, { state: end.state, at, outcome: end.outcome, error });
  const closed = store.journal.get(change.id);
  publish({
    event: 'change.closed',
    at,
    stack: change.stack,
    change: change.id,
    state: end.state,
    sentence: closed?.outcome ?? end.outcome,
    error: closed?.error ?? error,
  });
};

/** Plans a queued deploy from what stands now, and makes it ready to run; closes it where that is not possible. */
export const deployOfQueued = async (
  hands: Hands,
  change: Change,
  options: { readonly force: boolean; readonly task: string; readonly signal: AbortSignal },
): Promise<{ readonly change: Change; readonly held: LockHeld } | null> => {
  const { store } = hands;
  let held: LockHeld | null = null;
  try {
    const { stack, plan: before } = change;
    const reason = before.sentence;
    held = await holdLock(hands, { stack, reason, waitMs: LOCK_WAIT_MS, ...options });
    const { plan } = await planDeploy(
      hands,
      { stack: stackOf(before), force: options.force },
      options.signal,
    );
    if (plan.steps.length > 0) {
      store.journal.setPlan(change.id, plan);
      store.journal.setFencing(change.id, held.fencing);
      store.journal.setState(change.id, 'running');
      return { change: store.journal.get(change.id)!, held };
    }
    closeQueued(hands, change, { state: 'done', outcome: plan.sentence });
  } catch (error) {
    // It stays queued for the next agent.
    if (options.signal.aborted) return null;
    closeQueued(hands, change, {
      state: 'failed',
      outcome: 'Nothing was touched',
      error: toReport(error),
    });
  }
  if (held) freeLock(hands, held);
  return null;
};

const stackOf = (plan: Plan): Stack => {
  for (const step of plan.steps) if (step.kind === 'place-release') return step.args.release.stack;
  throw new Defect(`the queued plan "${plan.sentence}" places no release`);
};
