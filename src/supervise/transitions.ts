// What the transitions of an instance are made of. Pure.
import type { Exit } from '../model/health.ts';
import { afterFailure } from './backoff.ts';
import type {
  InstanceCommand,
  InstanceRules,
  InstanceState,
  Moment,
  TimerName,
  Transition,
} from './instance-state.ts';
import { FIRST_PROBE_MS, type Pace } from './probe-pace.ts';

export const to = (
  state: InstanceState,
  patch: Partial<InstanceState> = {},
  ...commands: readonly InstanceCommand[]
): Transition => ({ state: { ...state, ...patch }, commands });

/** `second` was made from the state that `first` led to. */
export const and = (first: Transition, second: Transition): Transition => ({
  state: second.state,
  commands: [...first.commands, ...second.commands],
});

export const probe = (inMs: number): InstanceCommand => ({ do: 'probe', inMs });
export const clear = (timer: TimerName): InstanceCommand => ({ do: 'clear-timer', timer });
export const tellExit = (exit: Exit, willRestartAt: number | null): InstanceCommand => ({
  do: 'publish',
  news: { event: 'instance.exited', exit, willRestartAt },
});

/** Nothing is asked any more of a run that is gone or going. */
export const QUIET: readonly InstanceCommand[] = [{ do: 'stop-probing' }, clear('readiness')];

/** Somebody has begun to wait for the answers. */
export const probeSoon = (state: InstanceState, rules: InstanceRules): readonly InstanceCommand[] =>
  state.phase === 'running' && rules.health.probe ? [probe(FIRST_PROBE_MS)] : [];

/** While a gate watches, its own deadline counts. */
export const awaitReadiness = (state: InstanceState, rules: InstanceRules): readonly InstanceCommand[] =>
  rules.health.probe && !state.health.wasHealthy && state.gates === 0
    ? [{ do: 'set-timer', timer: 'readiness', ms: rules.health.withinMs }]
    : [];

export const paceOf = (state: InstanceState): Pace => {
  if (state.gates > 0) return 'gated';
  return state.watches > 0 ? 'watched' : 'steady';
};

export const wantsRestart = (rules: InstanceRules, exit: Exit): boolean => {
  switch (rules.restart) {
    case 'always':
      return true;
    case 'on-failure':
      return exit.code !== 0;
    case 'never':
      return false;
  }
};

export const launch = (state: InstanceState, restarts: number): Transition =>
  to(
    state,
    { phase: 'launching', isLaunching: true, untoldExit: null, nextStartAt: null, restarts },
    clear('backoff'),
    { do: 'start-run' },
  );

export const replace = (state: InstanceState, reason: string): Transition => {
  const health = { ...state.health, state: 'unhealthy', words: reason } as const;
  return to(state, { phase: 'replacing', reason, health }, ...QUIET, { do: 'stop-run' });
};

/**
 * The run is gone: now, later or never comes the next. `exit`: how it ended, or null where it never came up. What its
 * probe was answered stays on record until the next run begins.
 */
export const fall = (
  state: InstanceState,
  reason: string,
  rules: InstanceRules,
  moment: Moment,
  exit: Exit | null = null,
): Transition => {
  const tell = (at: number | null): InstanceCommand[] => (state.isUp && exit ? [tellExit(exit, at)] : []);
  // One that supervision itself brought down has failed, whatever its exit code was.
  const hasFailed = state.phase === 'replacing' || exit === null;
  const isWanted = hasFailed ? rules.restart !== 'never' : wantsRestart(rules, exit);
  if (state.gates > 0 || !isWanted) {
    const isFine = !isWanted && !hasFailed && exit.code === 0;
    return to(state, { phase: 'ended', ...down(state, reason, exit, isFine) }, ...QUIET, ...tell(null));
  }
  const { healthySince } = state.health;
  const healthyMs = healthySince === null ? 0 : moment.at - healthySince;
  const { backoff, delayMs } = afterFailure(state.backoff, healthyMs, moment.jitter);
  const fallen: InstanceState = { ...state, ...down(state, reason, exit), backoff };
  const nextStartAt = moment.now + delayMs;
  const quiet = to(fallen, {}, ...QUIET, ...tell(nextStartAt));
  if (delayMs === 0) return and(quiet, launch(fallen, state.restarts + 1));
  const wait: InstanceCommand = { do: 'set-timer', timer: 'backoff', ms: delayMs };
  return and(quiet, to(fallen, { phase: 'waiting', nextStartAt }, wait));
};

/** The part of the state that says: nothing is up. `isFine`: it came to the end that it was meant to come to. */
export const down = (
  state: InstanceState,
  reason: string,
  exit: Exit | null,
  isFine = false,
): Partial<InstanceState> => ({
  pid: null,
  isUp: false,
  untoldExit: null,
  reason,
  lastExit: exit ?? state.lastExit,
  health: {
    ...state.health,
    state: isFine ? 'unknown' : 'unhealthy',
    words: reason,
    goodSince: null,
    healthySince: null,
  },
});
