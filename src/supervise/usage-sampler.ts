import { formatBytes } from '../kit/format.ts';
import type { Clock } from '../ports/clock.ts';
import type { Driver } from '../ports/driver.ts';
import type { Instance } from './instance.ts';
import type { UsageShare } from './instance-status.ts';

type Sample = { readonly rssBytes: number; readonly cpuMs: number; readonly cpuShare: number | null };

const LIMIT_MS = 2000;
const ASKED_MS = 5000;
// Somebody who asked so recently is still looking.
const INTEREST_MS = 15_000;
// Looking at every process of the host has its price: at most one part in so many of the time goes there.
const TIME_SHARE = 400;

export type UsageOptions = {
  readonly clock: Clock;
  readonly driver: Driver;
  readonly instances: () => Iterable<Instance>;
  readonly failed: (what: string, error: unknown) => void;
};

/**
 * Memory and CPU of every instance's whole tree. Sampled every 2 s while one has a memory limit that the driver leaves to
 * us, every 5 s while somebody looks at the status, and otherwise not at all.
 */
export class UsageSampler {
  readonly #options: UsageOptions;
  #samples: ReadonlyMap<string, Sample> = new Map();
  #sampledAt = -Infinity;
  #askedAt = -Infinity;
  #tookMs = 0;
  #underWay: Promise<void> | null = null;
  #disarm: (() => void) | null = null;
  #isClosed = false;

  constructor(options: UsageOptions) {
    this.#options = options;
  }

  /** The last sample of a run; asking keeps samples coming for a while. */
  of(key: string): UsageShare | null {
    this.#askedAt = this.#options.clock.monotonic();
    this.arm();
    return this.#samples.get(key) ?? null;
  }

  /** Takes a sample now, unless one is being taken: then waits for that. */
  sample(): Promise<void> {
    this.#underWay ??= this.#take().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async refresh(maxAgeMs: number): Promise<void> {
    if (this.#options.clock.monotonic() - this.#sampledAt > maxAgeMs) await this.sample();
  }

  /** Sees to it that the next sample comes when it is needed; called when instances come and go. */
  arm(): void {
    if (this.#isClosed || this.#disarm) return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    const isLimited = this.#limits().size > 0;
    if (!isLimited && now - this.#askedAt > INTEREST_MS) return;
    const gap = Math.max(isLimited ? LIMIT_MS : ASKED_MS, this.#tookMs * TIME_SHARE);
    this.#disarm = clock.timer(Math.max(0, this.#sampledAt + gap - now), () => {
      void this.sample().finally(() => {
        this.#disarm = null;
        this.arm();
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#disarm?.();
  }

  async #take(): Promise<void> {
    const { clock, driver, failed } = this.#options;
    const askedAt = clock.monotonic();
    try {
      const usage = await driver.usage();
      const at = clock.monotonic();
      const began = this.#begins();
      this.#samples = new Map(
        [...usage].map(([key, { rssBytes, cpuMs }]) => {
          const last = this.#samples.get(key);
          // A new run begins at 0 again, and its first share is its average.
          const isSameRun = last !== undefined && cpuMs >= last.cpuMs;
          const since = isSameRun ? this.#sampledAt : (began.get(key) ?? at);
          const cpuShare = at > since ? (cpuMs - (isSameRun ? last.cpuMs : 0)) / (at - since) : null;
          return [key, { rssBytes, cpuMs, cpuShare }];
        }),
      );
    } catch (error) {
      failed('usage of instances could not be read', error);
    }
    this.#sampledAt = clock.monotonic();
    this.#tookMs = this.#sampledAt - askedAt;
    if (!this.#isClosed) this.#enforce();
  }

  #enforce(): void {
    for (const [instance, limit] of this.#limits()) {
      const used = this.#samples.get(instance.key)?.rssBytes ?? 0;
      if (used <= limit) continue;
      const words = `used ${formatBytes(used)} of memory, limit ${formatBytes(limit)}`;
      instance.dispatch({ input: 'memoryExceeded', words });
    }
  }

  #begins(): Map<string, number | null> {
    return new Map([...this.#options.instances()].map(({ key, state }) => [key, state.upSince]));
  }

  #limits(): Map<Instance, number> {
    const limits = new Map<Instance, number>();
    if (this.#options.driver.capabilities.memoryLimit !== 'sampled') return limits;
    for (const instance of this.#options.instances()) {
      const limit = instance.service.limits.memoryBytes;
      if (limit !== null && instance.state.phase === 'running') limits.set(instance, limit);
    }
    return limits;
  }
}
