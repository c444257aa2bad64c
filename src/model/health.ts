import type { InstanceId, Name, Seat } from './names.ts';

export type HealthState = 'starting' | 'degraded' | 'healthy' | 'unhealthy' | 'unknown';

/** One answer of a probe. */
export type ProbeAnswer = {
  readonly state: Exclude<HealthState, 'unknown'>;
  /** The probe's own words, one line, redacted: `200 in 3 ms`, `connection refused`, `loading weights 412/1,100 MB`. */
  readonly words: string;
  readonly tookMs: number;
  /** 0 to 1 where the answer reports progress. */
  readonly progress: number | null;
  /**
   * Why it is not healthy, where the probe can tell. `refused`: nothing listens. `no-answer`: not within the time-out.
   * `wrong-answer`: it answered something else than expected. `not-asked`: the agent lacked what it takes to ask, and
   * nothing is known.
   */
  readonly cause?: 'refused' | 'no-answer' | 'wrong-answer' | 'not-asked';
};

/** How a process ended. `signal` is set where one killed it. `unknown`: nobody saw it end. */
export type Exit = {
  readonly code: number | null;
  readonly signal: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Set where the kernel ended it, or a process of it, because its memory limit was reached. */
  readonly ranOutOfMemory?: true;
};

/**
 * What supervision is doing with an instance.
 * `waiting`: in back-off before its next start. `crash-looping`: as waiting, loudly.
 */
export type InstanceActivity =
  | 'starting'
  | 'running'
  | 'waiting'
  | 'crash-looping'
  | 'stopping'
  | 'stopped'
  | 'ended';

/** One instance as people see it in `status`. */
export type InstanceStatus = {
  readonly id: InstanceId;
  readonly service: Name;
  readonly slot: number;
  readonly seat: Seat;
  readonly release: number;
  readonly activity: InstanceActivity;
  readonly health: HealthState;
  /** The probe's own words, or supervision's. */
  readonly words: string;
  readonly pid: number | null;
  readonly port: number | null;
  /** Epoch milliseconds of the last start; null while it never ran. */
  readonly startedAt: number | null;
  readonly restarts: number;
  readonly lastExit: Exit | null;
  /** When the next start is due, epoch milliseconds, while waiting. */
  readonly nextStartAt: number | null;
  readonly rssBytes: number | null;
  /** Of one core, 0 to n, averaged since the last sample. */
  readonly cpuShare: number | null;
};
