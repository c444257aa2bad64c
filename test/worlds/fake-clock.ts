// Time that stands still until a test moves it. Nothing in here ever waits for real.
import type { Clock } from '../../src/ports/clock.ts';

type Timer = { readonly due: number; readonly turn: number; readonly elapsed: () => void };

/** 2026-01-01, so that epoch times in a test look like epoch times. */
const START = Date.UTC(2026, 0, 1);

export class FakeClock implements Clock {
  #elapsedMs = 0;
  #epochAtZero: number;
  #turns = 0;
  readonly #timers = new Set<Timer>();

  constructor(startEpochMs = START) {
    this.#epochAtZero = startEpochMs;
  }

  // Methods, and arrows that stay bound when a clock's parts are passed on.
  readonly now = (): number => this.#epochAtZero + this.#elapsedMs;
  readonly monotonic = (): number => this.#elapsedMs;

  readonly timer = (ms: number, elapsed: () => void): (() => void) => {
    const timer: Timer = { due: this.#elapsedMs + Math.max(0, ms), turn: this.#turns++, elapsed };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const aborted = (): void => {
        cancel();
        reject(signal!.reason as Error);
      };
      const cancel = this.timer(ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });

  /** Timers that are set; 0 once everything ended well. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`: each due timer runs at its own time, in order, and what it woke settles before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) await this.#fire(next);
    this.#elapsedMs = end;
    await settle();
  }

  /** Moves from timer to timer until `holds`; throws where no timer is left, or `withinMs` went by. */
  async runUntil(holds: () => boolean, withinMs = 3_600_000): Promise<void> {
    const end = this.#elapsedMs + withinMs;
    await settle();
    while (!holds()) {
      const next = this.#next();
      if (!next) throw new Error('nothing is due any more, and the condition does not hold');
      if (next.due > end) throw new Error(`the condition does not hold after ${withinMs} ms`);
      await this.#fire(next);
    }
  }

  /** Moves the wall clock alone, as an administrator or NTP does. */
  jump(ms: number): void {
    this.#epochAtZero += ms;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.due < first.due || (timer.due === first.due && timer.turn < first.turn))
        first = timer;
    }
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#elapsedMs = timer.due;
    this.#timers.delete(timer);
    timer.elapsed();
    await settle();
  }
}

// Every promise that can go on has done so once the event loop has come round.
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
