// What the engine asks of supervision: instances that are up and stay up, and whether they are good.
import type { ErrorReport } from '../model/error.ts';
import type { InstanceStatus } from '../model/health.ts';
import type { InstancePlace, Name } from '../model/names.ts';

export type GateOutcome =
  | { readonly outcome: 'passed'; readonly tookMs: number }
  /** With cause, transcript, exit code, last 20 log lines and fix. */
  | { readonly outcome: 'refused'; readonly report: ErrorReport };

export type BakeOutcome =
  | { readonly outcome: 'good' }
  | { readonly outcome: 'bad'; readonly reason: string; readonly log: readonly string[] };

export interface Supervision {
  /**
   * Puts the places on the desired list and starts them. Resolves when all their processes have started.
   * Idempotent. Failure `instance.not-started`, and then none of them stays desired.
   */
  start(stack: Name, release: number, places: readonly InstancePlace[], signal?: AbortSignal): Promise<void>;

  /** Takes the places off the list, stops them, and resolves when nothing of them is left. Idempotent. */
  stop(stack: Name, places: readonly InstancePlace[]): Promise<void>;

  /** Waits until an instance has passed its service's gate. `progressed` gets one line whenever its words change. */
  passGate(
    stack: Name,
    place: InstancePlace,
    options: { readonly signal?: AbortSignal; readonly progressed?: (words: string) => void },
  ): Promise<GateOutcome>;

  /** Watches instances for `forMs`: an exit, a lasting `unhealthy`, or `isBad` (asked once a second) ends it early. */
  watch(
    stack: Name,
    places: readonly InstancePlace[],
    options: {
      readonly forMs: number;
      readonly isBad: () => Promise<string | null>;
      readonly signal?: AbortSignal;
    },
  ): Promise<BakeOutcome>;

  /** Marks places as kept without traffic until then, or with null as ordinary again. */
  setWarm(stack: Name, places: readonly InstancePlace[], untilMs: number | null): void;

  /** Moves the times until which copies are warm by as much as the clock was set: before anybody asks whose time is over. */
  followClock(): void;

  status(stack: Name): readonly InstanceStatus[];
}
