import type { ProbeAnswer } from '../model/health.ts';
import type { Clock } from '../ports/clock.ts';
import type { Prober, ProbeTarget } from '../ports/prober.ts';

export type ProbeTask = {
  readonly target: ProbeTarget;
  readonly answered: (answer: ProbeAnswer) => void;
};

type Entry = {
  task: ProbeTask | null;
  dueAt: number;
  /** From then on it may go with others that are due: a wake-up costs more than a probe. */
  earliestAt: number;
  flight: AbortController | null;
};

const EARLY_SHARE = 0.1;
const EARLIEST_MS = 250;

/** Probes all instances with one timer, never the same instance twice at once, and only so many in all. */
export class ProbeLoop {
  readonly #clock: Clock;
  readonly #prober: Prober;
  readonly #atOnce: number;
  readonly #entries = new Map<string, Entry>();
  #inFlight = 0;
  #armedAt = Infinity;
  #disarm: () => void = () => {};
  #isClosed = false;

  constructor(options: { readonly clock: Clock; readonly prober: Prober; readonly atOnce?: number }) {
    this.#clock = options.clock;
    this.#prober = options.prober;
    this.#atOnce = options.atOnce ?? 64;
  }

  /** The next probe of `key`, in place of one that was due; while one is in flight, the next after it. */
  schedule(key: string, task: ProbeTask, inMs: number): void {
    if (this.#isClosed) return;
    const dueAt = this.#clock.monotonic() + inMs;
    const due = { task, dueAt, earliestAt: dueAt - Math.min(EARLIEST_MS, inMs * EARLY_SHARE) };
    const entry = this.#entries.get(key);
    if (entry) Object.assign(entry, due);
    else this.#entries.set(key, { ...due, flight: null });
    this.#arm(dueAt);
  }

  /** Nothing of `key` is probed from now on, and an answer that is under way goes nowhere. */
  cancel(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.task = null;
    if (entry.flight) entry.flight.abort();
    else this.#entries.delete(key);
  }

  close(): void {
    this.#isClosed = true;
    this.#disarm();
    for (const key of this.#entries.keys()) this.cancel(key);
  }

  #arm(dueAt: number): void {
    if (this.#isClosed || dueAt >= this.#armedAt || this.#inFlight >= this.#atOnce) return;
    this.#disarm();
    this.#armedAt = dueAt;
    this.#disarm = this.#clock.timer(Math.max(0, dueAt - this.#clock.monotonic()), () => this.#timeElapsed());
  }

  #timeElapsed(): void {
    this.#armedAt = Infinity;
    // A timer may come a little early.
    const now = this.#clock.monotonic() + 1;
    let next = Infinity;
    for (const [key, entry] of this.#entries) {
      if (!entry.task || entry.flight) continue;
      if (entry.earliestAt <= now && this.#inFlight < this.#atOnce) void this.#probe(key, entry, entry.task);
      else next = Math.min(next, entry.dueAt);
    }
    if (next < Infinity) this.#arm(next);
  }

  async #probe(key: string, entry: Entry, task: ProbeTask): Promise<void> {
    const flight = new AbortController();
    Object.assign(entry, { flight, dueAt: Infinity, earliestAt: Infinity });
    this.#inFlight += 1;
    const answer = await this.#prober.probe(task.target, flight.signal).catch(brokenProbe);
    const othersWait = this.#inFlight >= this.#atOnce;
    this.#inFlight -= 1;
    entry.flight = null;
    if (!flight.signal.aborted) task.answered(answer);
    if (!entry.task) this.#entries.delete(key);
    this.#arm(othersWait ? this.#clock.monotonic() : entry.dueAt);
  }
}

const brokenProbe = (error: unknown): ProbeAnswer => ({
  state: 'unhealthy',
  words: `the probe itself failed: ${error instanceof Error ? error.message : String(error)}`,
  tookMs: 0,
  progress: null,
});
