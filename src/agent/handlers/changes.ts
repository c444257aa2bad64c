import type { FollowLine } from '../../api/wire.ts';
import { type Change, isEnded } from '../../model/change.ts';
import { Refusal } from '../../model/error.ts';
import type { Store } from '../../ports/store.ts';
import type { ChangeDesk } from '../change-desk.ts';
import type { EventBus } from '../event-bus.ts';
import type { Handlers } from './table.ts';

type Calls = 'plan' | 'change' | 'listChanges' | 'showChange' | 'followChange' | 'cancelChange';

export const changeHandlers = (desk: ChangeDesk, store: Store, bus: EventBus): Pick<Handlers, Calls> => {
  const find = (id: number): Change => {
    const change = store.journal.get(id);
    if (change) return change;
    throw new Refusal('change.unknown', `Cannot find change ${id}: this agent has no such change`, {
      fix: 'see the changes there are: reeve changes list',
    });
  };

  return {
    plan: ({ body }) => desk.plan(body),
    change: ({ body, by, signal }) => desk.submit(body, by, signal),
    listChanges: ({ query }) => store.journal.list({ stack: query.stack ?? null, limit: query.limit ?? 20 }),
    showChange: ({ params }) => find(params.id),
    cancelChange: async ({ params }) => {
      find(params.id);
      await desk.cancel(params.id);
      return find(params.id);
    },
    followChange: ({ params, signal }) => {
      find(params.id);
      return follow(params.id, signal, find, bus);
    },
  };
};

async function* follow(
  id: number,
  signal: AbortSignal,
  find: (id: number) => Change,
  bus: EventBus,
): AsyncIterable<FollowLine> {
  const over = new AbortController();
  // Subscribed before the change is read, so that nothing falls between the two.
  const events = bus.stream(AbortSignal.any([signal, over.signal]));
  try {
    const change = find(id);
    const lastSeen = change.records.at(-1)?.seq ?? 0;
    yield { change };
    if (isEnded(change.state)) return;
    for await (const event of events) {
      if (!('change' in event) || event.change !== id) continue;
      if (event.event === 'step.recorded' && event.record.seq <= lastSeen) continue;
      yield event;
      if (event.event === 'change.closed') return;
    }
  } finally {
    over.abort();
  }
}
