import type { Flags } from '../../model/edge.ts';
import { Failure } from '../../model/error.ts';
import { instanceId, slotKey } from '../../model/names.ts';
import type { DesiredInstance } from '../../ports/store.ts';
import { done, mayTouch, type StepContext, type StepExecutor } from '../step-context.ts';

/** One generation of flags. The same one twice changes nothing, so a crash around the rename needs no question. */
export const switchRoutes: StepExecutor<'switch-routes'> = {
  async execute(context, { flags, previous }, held) {
    const { edge, supervision } = context.hands;
    mayTouch(context, held);
    const gaining = movedRows(context, previous, flags);
    mustRun(context, gaining);
    // What has traffic is no longer kept for a while only.
    const warm = gaining.filter(({ warmUntil }) => warmUntil !== null);
    if (warm.length > 0) supervision.setWarm(context.stack, warm, null);
    await edge.switch(context.stack, flags);
    return done();
  },

  async undo(context, { flags, previous }, held) {
    const { edge, supervision, clock, store } = context.hands;
    mayTouch(context, held);
    await edge.switch(context.stack, previous);
    mayTouch(context, held);
    // A warm copy that was used goes back to being warm; one that was started for this change is stopped next.
    for (const row of movedRows(context, previous, flags)) {
      const release = store.releases.get(context.stack, row.release);
      if (release) supervision.setWarm(context.stack, [row], clock.now() + release.stack.warmMs);
    }
    return 'traffic is where it was';
  },
};

/** Instances in a seat that the flags name after, and did not name before. */
const movedRows = ({ hands, stack }: StepContext, before: Flags, after: Flags): readonly DesiredInstance[] =>
  hands.store.instances.list(stack).filter(({ service, slot, seat }) => {
    const key = slotKey(service, slot);
    const isNamed = key in after.seats && after.seats[key] === seat;
    return isNamed && (before.seats[key] ?? 'blue') !== seat;
  });

// Between its gate, or the plan, and now a copy may have died: traffic must not follow it.
const mustRun = ({ hands, stack }: StepContext, rows: readonly DesiredInstance[]): void => {
  const statuses = new Map(hands.supervision.status(stack).map((status) => [status.id, status]));
  for (const row of rows) {
    const status = statuses.get(instanceId(row));
    if (status?.activity === 'running' && status.health !== 'unhealthy') continue;
    const now = status ? `it is ${status.activity} and ${status.health}` : 'it is gone';
    throw new Failure(
      'switch.not-running',
      `Cannot move traffic to "${row.service}" (${instanceId(row)}): ${now}, a running and healthy copy is required`,
      {
        ...(status?.words ? { why: status.words } : {}),
        fix: `read what it said: reeve logs ${row.service}`,
        retryable: true,
      },
    );
  }
};
