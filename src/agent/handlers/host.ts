import type { AgentStatus, DoctorAnswer } from '../../api/wire.ts';
import type { Name } from '../../model/names.ts';
import type { Edge } from '../../ports/edge.ts';
import type { Store } from '../../ports/store.ts';
import type { EventBus } from '../event-bus.ts';
import type { Handlers } from './table.ts';

type Calls = 'agentStatus' | 'stopAgent' | 'edgeStatus' | 'doctor' | 'audit' | 'events' | 'metrics';

export type HostHands = {
  readonly store: Store;
  readonly edge: Edge;
  readonly bus: EventBus;
  readonly status: () => AgentStatus;
  /** Asks the agent to end; it ends after this call was answered. */
  readonly stop: () => void;
  readonly metrics: () => Promise<string>;
  readonly examine: (stack: Name | null) => Promise<DoctorAnswer>;
};

export const hostHandlers = (hands: HostHands): Pick<Handlers, Calls> => ({
  agentStatus: () => hands.status(),
  stopAgent: () => {
    hands.stop();
    return { pid: process.pid };
  },
  edgeStatus: () => hands.edge.status(),
  doctor: ({ query }) => hands.examine(query.stack ?? null),
  audit: ({ query }) => hands.store.audit.list(query.limit ?? 100),
  events: ({ query, signal }) => onlyOf(hands.bus, query.stack, signal),
  metrics: () => hands.metrics(),
});

async function* onlyOf(bus: EventBus, stack: Name | undefined, signal: AbortSignal) {
  for await (const event of bus.stream(signal)) {
    if (!stack || event.stack === stack) yield event;
  }
}
