// How long copies stay warm. A span is promised and a time of day is written down, so that the next agent knows it too:
// where somebody sets the clock, the deadlines go with it.
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { placeKey, type Roster, type Row } from './roster.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

/** Time services correct a clock by less. */
const SET_MS = 2000;

/** A copy that recovery found may be kept so long, whatever its stack says. */
const LONGEST_AT_LEAST_MS = 600_000;

export class WarmDeadlines {
  readonly #options: Pick<SupervisorOptions, 'store' | 'clock'>;
  readonly #roster: Roster;
  /** What the clock shows beside the one that nobody sets. */
  #offset: number;
  #isBound = false;

  constructor(options: Pick<SupervisorOptions, 'store' | 'clock'>, roster: Roster) {
    this.#options = options;
    this.#roster = roster;
    this.#offset = this.#readOffset();
  }

  /** Marks places as kept without traffic until then (epoch milliseconds), or with null as ordinary again. */
  set(stack: Name, places: readonly InstancePlace[], untilMs: number | null): void {
    this.follow();
    const ids = new Set(places.map(instanceId));
    const rows = this.#options.store.instances.list(stack).filter((row) => ids.has(instanceId(row)));
    this.#put(
      stack,
      rows.map((row) => ({ ...row, warmUntil: untilMs })),
    );
  }

  /** Moves every deadline by as much as the clock was set since the last call; what could not be written, at the next. */
  follow(): void {
    const offset = this.#readOffset();
    const setBy = offset - this.#offset;
    if (Math.abs(setBy) >= SET_MS) {
      this.#move((row) => row.warmUntil + setBy);
      this.#offset = offset;
    }
    this.#bound();
  }

  // Once: nobody saw by how much the clock was set before this agent came. One that was set back must not keep copies for
  // longer than was promised; one that was set ahead looks like time that went by, and ends them.
  #bound(): void {
    if (this.#isBound) return;
    const now = this.#options.clock.now();
    this.#move((row) => Math.min(row.warmUntil, now + this.#longest(row.stack)));
    this.#isBound = true;
  }

  #move(deadlineOf: (row: WarmRow) => number): void {
    const moved = this.#options.store.instances
      .list(null)
      .filter(isWarm)
      .map((row) => ({ row, warmUntil: deadlineOf(row) }))
      .filter(({ row, warmUntil }) => row.warmUntil !== warmUntil);
    for (const [stack, rows] of Map.groupBy(moved, ({ row }) => row.stack))
      this.#put(
        stack,
        rows.map(({ row, warmUntil }) => ({ ...row, warmUntil })),
      );
  }

  #put(stack: Name, rows: readonly Row[]): void {
    const instances = rows.map(({ stack: _stack, ...desired }): DesiredInstance => desired);
    this.#options.store.instances.put(stack, instances);
    for (const desired of instances) {
      const instance = this.#roster.find(placeKey(stack, desired));
      if (instance) instance.desired = desired;
    }
  }

  #longest(stack: Name): number {
    const releases = this.#options.store.releases.list(stack);
    return Math.max(LONGEST_AT_LEAST_MS, ...releases.map((release) => release.stack.warmMs));
  }

  #readOffset(): number {
    const { clock } = this.#options;
    // The one that nobody sets counts fractions of a millisecond.
    return Math.round(clock.now() - clock.monotonic());
  }
}

type WarmRow = Row & { readonly warmUntil: number };

const isWarm = (row: Row): row is WarmRow => row.warmUntil !== null;
