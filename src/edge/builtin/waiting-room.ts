// Where requests of a held service wait, their bodies unread, until the flag goes or their time is up.
import { type FSWatcher, watch } from 'node:fs';
import type { Name } from '../../model/names.ts';
import type { RoutedTarget } from './site-book.ts';

/** How often held services are looked at again where no one says that something changed. */
const POLL_MS = 100;
/** So many go at once; the next ones a little later, so that a new instance is not met by all of them together. */
const BATCH = 64;
const BATCH_PAUSE_MS = 5;

export type Waiting = {
  readonly routed: RoutedTarget;
  /** On the scale of performance.now(). */
  readonly until: number;
  readonly released: () => void;
  readonly expired: () => void;
};

export class WaitingRoom {
  readonly #limit: number;
  readonly #watchedFolder: (stack: Name) => string;
  /** In the order they came. */
  readonly #waiting = new Set<Waiting>();
  readonly #watchers = new Map<Name, FSWatcher>();
  #poll: NodeJS.Timeout | null = null;

  constructor(limit: number, watchedFolder: (stack: Name) => string) {
    this.#limit = limit;
    this.#watchedFolder = watchedFolder;
  }

  get size(): number {
    return this.#waiting.size;
  }

  sizeOf(stack: Name, service: Name): number {
    let size = 0;
    for (const { routed } of this.#waiting) {
      if (routed.target.stack === stack && routed.target.service === service) size += 1;
    }
    return size;
  }

  /** False where no more fit in. `leave` takes it out again. */
  enter(waiting: Waiting): boolean {
    if (this.#waiting.size >= this.#limit) return false;
    this.#waiting.add(waiting);
    this.#watch(waiting.routed.target.stack);
    this.#poll ??= setInterval(() => this.look(), POLL_MS);
    return true;
  }

  leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size === 0) this.#rest();
  }

  /** Lets go whoever is not held any more, and whose time is up. */
  look(): void {
    const now = performance.now();
    const free: Waiting[] = [];
    const looked = new Set<RoutedTarget['site']>();
    for (const waiting of this.#waiting) {
      const { site, target } = waiting.routed;
      if (!looked.has(site)) site.refresh();
      looked.add(site);
      if (!target.isHeld) free.push(waiting);
      else if (waiting.until <= now) {
        this.leave(waiting);
        waiting.expired();
      }
    }
    this.#release(free);
  }

  /** Everybody has to go: the edge stops. */
  clear(): void {
    for (const waiting of this.#waiting) {
      this.leave(waiting);
      waiting.expired();
    }
  }

  #release(free: readonly Waiting[]): void {
    for (const waiting of free.slice(0, BATCH)) {
      if (!this.#waiting.has(waiting)) continue;
      this.leave(waiting);
      waiting.released();
    }
    if (free.length > BATCH) setTimeout(() => this.look(), BATCH_PAUSE_MS);
  }

  #watch(stack: Name): void {
    if (this.#watchers.has(stack)) return;
    try {
      const watcher = watch(this.#watchedFolder(stack), { persistent: false }, () => this.look());
      // The folder can go away, and the host can run out of watches: the poll is enough.
      watcher.on('error', () => watcher.close());
      this.#watchers.set(stack, watcher);
    } catch {
      return;
    }
  }

  #rest(): void {
    if (this.#poll) clearInterval(this.#poll);
    this.#poll = null;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
