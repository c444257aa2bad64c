// Deploys that wait for their turn. Everything they need is in the plan they were queued with.
import type { Change, ChangeState } from '../model/change.ts';
import { Defect, type ErrorReport } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { Stack } from '../model/stack.ts';
import type { Hands } from './hands.ts';

/** On disk at once, with all it takes to plan it again: a push is not lost with the agent. */
export const openQueued = ({ store, clock, publish }: Hands, planned: Plan, by: string): Change => {
  const at = clock.now();
  const notes = ['It waits for its turn, and is planned anew then', ...planned.notes];
  const plan = { ...planned, notes };
  const change = store.journal.open({ stack: plan.stack, plan, by, state: 'queued', at });
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

/** The stack that a queued plan would deploy. */
export const stackOfQueued = (plan: Plan): Stack => {
  for (const step of plan.steps) if (step.kind === 'place-release') return step.args.release.stack;
  throw new Defect(`the queued plan "${plan.sentence}" places no release`);
};
