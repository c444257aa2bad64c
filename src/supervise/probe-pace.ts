// How long until an instance is probed again. Pure.
import type { Health } from '../model/stack.ts';
import type { HealthTrack } from './health-track.ts';

/** Who is waiting for the answers: nobody in particular, a bake, or a gate. */
export type Pace = 'steady' | 'watched' | 'gated';

/** After a start; most programs need longer, and an early "refused" costs a tenth of a millisecond. */
export const FIRST_PROBE_MS = 50;

const STARTING_MS = 250;
const STARTING_GROWTH = 1.1;
const GATED_LONGEST_MS = 1000;
const CONFIRMING_MS = 100;
const WATCHED_MS = 1000;

/**
 * While starting: 250 ms, growing to the interval (a gate waits for at most a second). Between the first good answer
 * and the one that makes it healthy: 100 ms. Then the interval, give or take a tenth, so that instances that started
 * together are not probed together for ever.
 */
export const nextProbeMs = (track: HealthTrack, health: Health, pace: Pace, jitter: number): number => {
  const steady = health.intervalMs * (0.9 + jitter / 5);
  if (track.state !== 'healthy' && track.passes > 0) return Math.min(health.intervalMs, CONFIRMING_MS);
  if (!track.wasHealthy) {
    const grown = STARTING_MS * STARTING_GROWTH ** Math.min(track.answers, 100);
    return Math.min(pace === 'gated' ? GATED_LONGEST_MS : Infinity, health.intervalMs, grown);
  }
  switch (pace) {
    case 'gated':
      return Math.min(STARTING_MS, health.intervalMs);
    case 'watched':
      return Math.min(WATCHED_MS, steady);
    case 'steady':
      return steady;
  }
};
