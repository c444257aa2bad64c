// What supervision knows of one instance, what can happen to it, and what it then asks for. Data only.
import type { Exit, HealthState, ProbeAnswer } from '../model/health.ts';
import type { Health, Service } from '../model/stack.ts';
import { type Backoff, NO_FAILURE } from './backoff.ts';
import { type HealthTrack, NO_HEALTH } from './health-track.ts';

/**
 * `idle`: nothing runs and nothing shall. `launching`: the driver was asked to start. `waiting`: in back-off.
 * `replacing`: being stopped, to be started again. `stopping`: being stopped for good. `ended`: it fell and stays down
 * until somebody starts or stops it: its restart policy says so, a gate was watching, or it could not be stopped.
 */
export type Phase = 'idle' | 'launching' | 'running' | 'waiting' | 'replacing' | 'stopping' | 'ended';

export type TimerName = 'backoff' | 'readiness';

export type InstanceState = {
  readonly phase: Phase;
  /** Counts the starts since the agent began: answers and timers of an earlier run are ignored. */
  readonly run: number;
  readonly pid: number | null;
  /** Epoch milliseconds. */
  readonly startedAt: number | null;
  /** Monotonic, of the same moment as seen by supervision. */
  readonly upSince: number | null;
  readonly health: HealthTrack;
  readonly backoff: Backoff;
  readonly restarts: number;
  readonly lastExit: Exit | null;
  /** Epoch milliseconds, while waiting. */
  readonly nextStartAt: number | null;
  /** Why it does not run, or is about to be replaced: `exited with code 3`. */
  readonly reason: string | null;
  /** Whether the last start failed in the driver, and its words. */
  readonly startError: { readonly code: string; readonly words: string } | null;
  /** The driver has been asked to start and has not answered. */
  readonly isLaunching: boolean;
  /** A run is up whose end has not been told. */
  readonly isUp: boolean;
  /** An end that came while the driver had not yet answered to a start or a stop. */
  readonly untoldExit: Exit | null;
  readonly gates: number;
  readonly watches: number;
};

export const IDLE: InstanceState = {
  phase: 'idle',
  run: 0,
  pid: null,
  startedAt: null,
  upSince: null,
  health: NO_HEALTH,
  backoff: NO_FAILURE,
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  reason: null,
  startError: null,
  isLaunching: false,
  isUp: false,
  untoldExit: null,
  gates: 0,
  watches: 0,
};

export type InstanceInput =
  | { readonly input: 'startAsked' }
  | {
      readonly input: 'started';
      readonly pid: number | null;
      readonly startedAt: number;
      /** It ran already: an earlier agent, or an earlier call, started it. */
      readonly isAdopted: boolean;
      /** Milliseconds it had been up when it was adopted. */
      readonly age: number;
    }
  | { readonly input: 'startFailed'; readonly code: string; readonly words: string }
  /** `isCertain`: the driver was asked again whether it is this run that ended. */
  | { readonly input: 'exited'; readonly exit: Exit; readonly isCertain?: boolean }
  /** At an agent's start: the run on record ended while nobody looked. */
  | { readonly input: 'foundEnded'; readonly exit: Exit; readonly isRebooted: boolean }
  | { readonly input: 'probeWanted' }
  | { readonly input: 'probeAnswered'; readonly run: number; readonly answer: ProbeAnswer }
  | { readonly input: 'backoffElapsed' }
  | { readonly input: 'readinessElapsed' }
  | { readonly input: 'memoryExceeded'; readonly words: string }
  | { readonly input: 'stopAsked' }
  | { readonly input: 'stopDone'; readonly exit: Exit | null }
  | { readonly input: 'stopFailed'; readonly words: string }
  | { readonly input: 'gateOpened' | 'gateClosed' | 'watchOpened' | 'watchClosed' };

/** An event without what every event of the instance has in common. */
export type InstanceNews =
  | { readonly event: 'instance.started' | 'instance.adopted'; readonly pid: number }
  | { readonly event: 'instance.exited'; readonly exit: Exit; readonly willRestartAt: number | null }
  | {
      readonly event: 'health.changed';
      readonly from: HealthState;
      readonly to: HealthState;
      readonly words: string;
    };

export type InstanceCommand =
  | { readonly do: 'start-run' }
  /** Ends the whole tree and proves it gone; also where nothing seems to run. */
  | { readonly do: 'stop-run' }
  /** Asks the driver whether the run is up; where it is not, `exited` follows. */
  | { readonly do: 'verify-run'; readonly exit: Exit }
  | { readonly do: 'probe'; readonly inMs: number }
  | { readonly do: 'stop-probing' }
  | { readonly do: 'set-timer'; readonly timer: TimerName; readonly ms: number }
  | { readonly do: 'clear-timer'; readonly timer: TimerName }
  | { readonly do: 'publish'; readonly news: InstanceNews };

/** What the machine may know of the service. */
export type InstanceRules = { readonly health: Health; readonly restart: Service['restart'] };

/** `at`: monotonic; `now`: epoch; `jitter`: in [0, 1). */
export type Moment = { readonly at: number; readonly now: number; readonly jitter: number };

export type Transition = { readonly state: InstanceState; readonly commands: readonly InstanceCommand[] };
