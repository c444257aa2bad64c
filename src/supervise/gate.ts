// Whether an instance has passed its gate. Pure.
import type { Health } from '../model/stack.ts';
import type { InstanceState } from './instance-state.ts';

export type GateCause =
  | 'exited'
  | 'died-after-ready'
  | 'start-failed'
  | 'stopped'
  | 'degraded'
  | 'never-ready'
  | 'stranger';

export type GateVerdict =
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'refused'; readonly cause: GateCause }
  /** Judge again when the instance changes, at the latest at `untilAt`. `probeNow`: an answer of this moment is needed. */
  | { readonly verdict: 'pending'; readonly untilAt: number; readonly probeNow: boolean };

/** Monotonic milliseconds. */
export type GateProgress = { readonly deadline: number; readonly best: number };

/** A moving progress report moves the deadline. */
export const extendGate = (
  gate: GateProgress,
  state: InstanceState,
  health: Health,
  at: number,
): GateProgress => {
  const progress = state.health.progress ?? 0;
  if (!health.progressExtends || progress <= gate.best) return gate;
  return { best: progress, deadline: Math.max(gate.deadline, at + health.withinMs) };
};

/**
 * Passed: healthy, then every answer good for the settle time, the last one given after it. An end of the process is a
 * refusal at once. Settling that began before the deadline may end after it.
 */
export const judgeGate = (
  state: InstanceState,
  health: Health,
  deadline: number,
  at: number,
): GateVerdict => {
  switch (state.phase) {
    case 'idle':
    case 'stopping':
      return { verdict: 'refused', cause: 'stopped' };
    case 'waiting':
    case 'ended':
      return { verdict: 'refused', cause: fallenCause(state, health) };
    case 'launching':
    case 'replacing':
      return { verdict: 'pending', untilAt: Infinity, probeNow: false };
    case 'running':
      return judgeHealth(state, health, deadline, at);
  }
};

const judgeHealth = (state: InstanceState, health: Health, deadline: number, at: number): GateVerdict => {
  const { goodSince, healthySince, lastAnswerAt } = state.health;
  if (state.health.state === 'healthy' && goodSince !== null && healthySince !== null) {
    const settledAt = Math.max(goodSince, healthySince) + health.settleMs;
    const provedAt = health.probe === null ? at : (lastAnswerAt ?? -Infinity);
    if (provedAt >= settledAt) return { verdict: 'passed' };
    return at < settledAt
      ? { verdict: 'pending', untilAt: settledAt, probeNow: false }
      : { verdict: 'pending', untilAt: at + health.timeoutMs, probeNow: true };
  }
  if (at < deadline) return { verdict: 'pending', untilAt: deadline, probeNow: false };
  return { verdict: 'refused', cause: state.health.state === 'degraded' ? 'degraded' : 'never-ready' };
};

const fallenCause = (state: InstanceState, health: Health): GateCause => {
  if (state.startError) return 'start-failed';
  // Without a probe it was "ready" the moment it ran, which proves nothing.
  return state.health.wasHealthy && health.probe !== null ? 'died-after-ready' : 'exited';
};
