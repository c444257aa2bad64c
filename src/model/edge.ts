import { type Name, type Seat, slotKey, type SlotKey } from './names.ts';
import type { Route } from './stack.ts';

/** What the edge is configured with for one stack. It changes when routes, hosts or replica counts change, never for a deploy. */
export type EdgeSite = {
  readonly stack: Name;
  readonly services: readonly EdgeService[];
};

export type EdgeService = {
  readonly service: Name;
  readonly routes: readonly Route[];
  /** Both seats' loopback ports, for each replica that may get traffic. */
  readonly slots: readonly { readonly slot: number; readonly blue: number; readonly green: number }[];
  readonly holdMs: number;
};

/** Every replica that gets traffic there. */
export const slotKeysOf = (site: EdgeSite | null): readonly SlotKey[] =>
  (site?.services ?? []).flatMap(({ service, slots }) => slots.map(({ slot }) => slotKey(service, slot)));

/**
 * One generation of flags: which seat each replica is served from, and what is held.
 * On disk: `flags/<stack>/current` is a link to a folder with a file `<service>.<slot>.green`
 * where the seat is green (none: blue), `<service>.hold` and `<service>.maintenance`.
 */
export type Flags = {
  readonly seats: Readonly<Record<SlotKey, Seat>>;
  readonly held: readonly Name[];
  readonly maintenance: readonly Name[];
};

export const NO_FLAGS: Flags = { seats: {}, held: [], maintenance: [] };

/** Counts since the edge started, for one upstream port. */
export type UpstreamTraffic = {
  readonly service: Name;
  readonly slot: number;
  readonly seat: Seat;
  readonly port: number;
  readonly requests: number;
  /** Answers of 500 and above that the instance gave. */
  readonly errors: number;
  /** Requests the edge itself had to answer with 502 or 504. */
  readonly failed: number;
  readonly inFlight: number;
};

/** Who answered a request that went through the edge's public door. */
export type EdgeAnswer = {
  readonly status: number;
  /** Null where no instance answered: the edge did. */
  readonly servedBy: { readonly service: Name; readonly slot: number; readonly seat: Seat } | null;
};

/** What the builtin edge counted since it started. */
export type EdgeMetrics = {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Client connections, and those of them that became something else than HTTP. */
  readonly connections: number;
  readonly upgraded: number;
  /** Requests in the waiting room. */
  readonly waiting: number;
  readonly rssBytes: number;
  readonly cpuMs: number;
  /** Answers the edge gave by itself, by status and reason: `502 upstream-refused`. */
  readonly ownAnswers: Readonly<Record<string, number>>;
  /** Upper bounds of the latency buckets; one more bucket has no bound. */
  readonly latencyBoundsMs: readonly number[];
  readonly services: readonly {
    readonly stack: Name;
    readonly service: Name;
    readonly waiting: number;
    /** Indexed by the first digit of the status, 1 to 5. */
    readonly answersByClass: readonly number[];
    /** How many answers fell into each bucket (not cumulative): milliseconds until the answer's header. */
    readonly latency: readonly number[];
    readonly latencySumMs: number;
    readonly upstreams: readonly UpstreamTraffic[];
  }[];
};
