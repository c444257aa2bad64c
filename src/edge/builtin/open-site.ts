// One stack's site in the edge's memory: which services it has, and which instances of them get requests right now.
import type { EdgeService, EdgeSite, UpstreamTraffic } from '../../model/edge.ts';
import { type Name, type SlotKey, slotKey } from '../../model/names.ts';
import type { FlagReader, Generation } from '../flags/flag-reader.ts';
import type { ServiceCounts } from './counts.ts';
import type { Upstream, UpstreamPlace } from './upstream.ts';

type TargetSlot = { readonly key: SlotKey; readonly blue: Upstream; readonly green: Upstream };

/** What a route leads to: one service, as the flags have it at this moment. */
export class Target {
  readonly stack: Name;
  readonly service: Name;
  readonly holdMs: number;
  readonly slots: readonly TargetSlot[];
  readonly counts: ServiceCounts;
  /** One upstream for each slot. */
  active: readonly Upstream[] = [];
  isHeld = false;
  isInMaintenance = false;
  #turn = 0;

  constructor(options: {
    readonly stack: Name;
    readonly service: EdgeService;
    readonly counts: ServiceCounts;
    readonly upstreamAt: (place: UpstreamPlace) => Upstream;
  }) {
    const { service, upstreamAt } = options;
    this.stack = options.stack;
    this.service = service.service;
    this.holdMs = service.holdMs;
    this.counts = options.counts;
    this.slots = service.slots.map(({ slot, blue, green }) => ({
      key: slotKey(service.service, slot),
      blue: upstreamAt({ service: service.service, slot, seat: 'blue', port: blue }),
      green: upstreamAt({ service: service.service, slot, seat: 'green', port: green }),
    }));
  }

  obey({ flags }: Generation): void {
    this.isHeld = flags.held.includes(this.service);
    this.isInMaintenance = flags.maintenance.includes(this.service);
    this.active = this.slots.map((slot) => (flags.seats[slot.key] === 'green' ? slot.green : slot.blue));
    for (const { blue, green } of this.slots) {
      blue.hasTraffic = this.active.includes(blue);
      green.hasTraffic = this.active.includes(green);
    }
  }

  /** The slot with the fewest requests in flight, by turns among equals; one that just refused comes last. Null: all were tried. */
  choose(tried: readonly Upstream[], now: number): Upstream | null {
    let best: Upstream | null = null;
    let bestLoad = Infinity;
    const count = this.active.length;
    this.#turn = count > 1 ? (this.#turn + 1) % count : 0;
    for (let step = 0; step < count; step += 1) {
      const upstream = this.active[(this.#turn + step) % count]!;
      if (tried.includes(upstream)) continue;
      const load = upstream.inFlight + (upstream.shunnedUntil > now ? 1e9 : 0);
      if (load < bestLoad) [best, bestLoad] = [upstream, load];
    }
    return best;
  }
}

export class OpenSite {
  readonly site: EdgeSite;
  readonly version: string;
  readonly targets: readonly Target[];
  readonly #flags: FlagReader;
  #generation: Generation | null = null;
  #isReplaced = false;

  constructor(options: {
    readonly site: EdgeSite;
    readonly version: string;
    readonly targets: readonly Target[];
    readonly flags: FlagReader;
  }) {
    this.site = options.site;
    this.version = options.version;
    this.targets = options.targets;
    this.#flags = options.flags;
    this.refresh();
  }

  /** Asks the disk which generation is in force. Done for every request, so that a switch is in force when it returns. */
  refresh(): void {
    if (this.#isReplaced) return;
    const generation = this.#flags.read();
    if (generation === this.#generation) return;
    this.#generation = generation;
    for (const target of this.targets) target.obey(generation);
  }

  /** Another version of the site is in force: this one decides nothing any more, and holds nobody. */
  replaced(): void {
    this.#isReplaced = true;
    for (const target of this.targets) target.isHeld = false;
  }

  get generation(): string | null {
    return this.#generation?.name ?? null;
  }
}

export const trafficOf = (upstream: Upstream): UpstreamTraffic => ({
  ...upstream.place,
  requests: upstream.requests,
  errors: upstream.errors,
  failed: upstream.failed,
  inFlight: upstream.inFlight,
});
