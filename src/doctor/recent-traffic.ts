import type { UpstreamTraffic } from '../model/edge.ts';
import type { Name } from '../model/names.ts';

export type TrafficMemory = {
  /** To be called every ten seconds or so with what the edge has counted since it started. */
  readonly remember: (stack: Name, now: number, traffic: readonly UpstreamTraffic[]) => void;
  /** What was counted within the window; nothing where there is no earlier sample to compare with. */
  readonly recent: (
    stack: Name,
    now: number,
    traffic: readonly UpstreamTraffic[],
  ) => readonly UpstreamTraffic[];
  readonly forget: (stack: Name) => void;
};

type Sample = { readonly at: number; readonly traffic: readonly UpstreamTraffic[] };

/** A failure of last week is no finding: remembers samples for `windowMs`. */
export const createTrafficMemory = (windowMs = 5 * 60_000): TrafficMemory => {
  const samples = new Map<Name, readonly Sample[]>();
  const within = (stack: Name, now: number): readonly Sample[] =>
    (samples.get(stack) ?? []).filter(({ at }) => at >= now - windowMs && at <= now);

  return {
    remember: (stack, now, traffic) => {
      samples.set(stack, [...within(stack, now), { at: now, traffic }]);
    },
    recent: (stack, now, traffic) => {
      const [earliest] = within(stack, now);
      if (!earliest) return [];
      return traffic.map((current) =>
        subtract(
          current,
          earliest.traffic.find(({ port }) => port === current.port),
        ),
      );
    },
    forget: (stack) => void samples.delete(stack),
  };
};

// An edge that started again counts from zero.
const subtract = (current: UpstreamTraffic, earlier: UpstreamTraffic | undefined): UpstreamTraffic => {
  if (!earlier || earlier.requests > current.requests) return current;
  return {
    ...current,
    requests: current.requests - earlier.requests,
    errors: Math.max(0, current.errors - earlier.errors),
    failed: Math.max(0, current.failed - earlier.failed),
  };
};
