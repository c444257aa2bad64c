import {
  type EdgeAnswer,
  type EdgeSite,
  type Flags,
  NO_FLAGS,
  type UpstreamTraffic,
} from '../../src/model/edge.ts';
import { Refusal } from '../../src/model/error.ts';
import { type Name, type Seat, slotKey } from '../../src/model/names.ts';
import type { Route } from '../../src/model/stack.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Edge, EdgeCapabilities, EdgeStatus } from '../../src/ports/edge.ts';
import { realClock } from '../../src/kit/real-clock.ts';

/** A request that an instance has not answered yet. */
export type FakeRequest = EdgeAnswer & {
  /** The instance answers: it is no longer in flight. */
  readonly end: () => void;
};

/** An edge in memory: the same promises, kept without a process, a port or a disk. */
export class FakeEdge implements Edge {
  readonly capabilities: EdgeCapabilities = { name: 'fake', canHold: true, websockets: true, tls: false };
  /** What each port answers with; a port that is not in here refuses connections. */
  readonly instances = new Map<number, number>();
  /** Every generation of flags that was switched to, oldest first. */
  readonly switches: { readonly stack: Name; readonly flags: Flags }[] = [];
  readonly #clock: Clock;
  readonly #sites = new Map<Name, EdgeSite>();
  readonly #flags = new Map<Name, Flags>();
  readonly #counts = new Map<
    number,
    { requests: number; errors: number; failed: number; inFlight: number }
  >();
  readonly #waiting = new Set<() => void>();
  #startedAt: number | null = null;

  constructor(clock: Clock = realClock) {
    this.#clock = clock;
  }

  async ensureRunning(): Promise<void> {
    this.#startedAt ??= this.#clock.now();
  }

  async configure(stack: Name, site: EdgeSite | null): Promise<void> {
    if (site === null) {
      this.#sites.delete(stack);
      return;
    }
    if (
      site.stack !== stack ||
      site.services.some((service) => service.routes.some((route) => !isRoute(route)))
    ) {
      throw new Refusal('edge.invalid-site', `Cannot configure the edge for "${stack}": it is not a site`);
    }
    for (const [other, { services }] of this.#sites) {
      const taken = new Set(services.flatMap((service) => service.routes).map(keyOf));
      const route = site.services.flatMap((service) => service.routes).find((each) => taken.has(keyOf(each)));
      if (other !== stack && route) {
        throw new Refusal(
          'edge.route-taken',
          `Cannot configure the edge for "${stack}": "${other}" has ${keyOf(route)}`,
        );
      }
    }
    this.#sites.set(stack, structuredClone(site));
    this.#startedAt ??= this.#clock.now();
    this.#wake();
  }

  async site(stack: Name): Promise<EdgeSite | null> {
    return this.#sites.get(stack) ?? null;
  }

  async flags(stack: Name): Promise<Flags> {
    return this.#flags.get(stack) ?? NO_FLAGS;
  }

  async switch(stack: Name, flags: Flags): Promise<void> {
    const greens = Object.keys(flags.seats).filter((key) => flags.seats[key] === 'green');
    this.#flags.set(stack, {
      seats: Object.fromEntries(greens.toSorted().map((key) => [key, 'green' as const])),
      held: flags.held.toSorted(),
      maintenance: flags.maintenance.toSorted(),
    });
    this.switches.push({ stack, flags });
    this.#wake();
  }

  async forget(stack: Name): Promise<void> {
    this.#flags.delete(stack);
    this.#wake();
  }

  async ask(host: string, path: string, signal?: AbortSignal): Promise<EdgeAnswer> {
    const { status, servedBy, end } = await this.request(host, path, signal);
    end();
    return { status, servedBy };
  }

  async traffic(stack: Name): Promise<readonly UpstreamTraffic[]> {
    return (this.#sites.get(stack)?.services ?? []).flatMap(({ service, slots }) =>
      slots.flatMap(({ slot, blue, green }) =>
        (
          [
            ['blue', blue],
            ['green', green],
          ] as const
        ).map(([seat, port]) => ({
          service,
          slot,
          seat,
          port,
          ...this.#countsOf(port),
        })),
      ),
    );
  }

  async status(): Promise<EdgeStatus> {
    return {
      name: 'fake',
      isRunning: this.#startedAt !== null,
      pid: null,
      address: 'http://127.0.0.1:0',
      version: '0',
      startedAt: this.#startedAt,
      sites: [...this.#sites.values()],
    };
  }

  async stop(): Promise<void> {
    this.#startedAt = null;
    this.#counts.clear();
  }

  async close(): Promise<void> {
    this.#waiting.clear();
  }

  /** A client's request: resolves once an instance has it, or the edge answered by itself. */
  async request(host: string, path: string, signal?: AbortSignal): Promise<FakeRequest> {
    const began = this.#clock.monotonic();
    for (;;) {
      signal?.throwIfAborted();
      const found = this.#lookUp(host, path);
      if (!found) return own(404);
      const { stack, service } = found;
      const flags = this.#flags.get(stack) ?? NO_FLAGS;
      if (flags.maintenance.includes(service.service)) return own(503);
      if (!flags.held.includes(service.service)) return this.#serve(service, flags);
      const leftMs = began + service.holdMs - this.#clock.monotonic();
      if (leftMs <= 0) return own(503);
      await this.#change(leftMs, signal);
    }
  }

  #serve(service: EdgeSite['services'][number], flags: Flags): FakeRequest {
    const places = service.slots
      .map(({ slot, blue, green }) => {
        const seat: Seat = flags.seats[slotKey(service.service, slot)] ?? 'blue';
        return { place: { service: service.service, slot, seat }, port: seat === 'green' ? green : blue };
      })
      .toSorted((a, b) => this.#load(a.port) - this.#load(b.port));
    const chosen = places.find(({ port }) => this.instances.has(port));
    if (!chosen) {
      if (places[0]) this.#countsOf(places[0].port).failed += 1;
      return own(places.length === 0 ? 503 : 502);
    }
    const counts = this.#countsOf(chosen.port);
    const status = this.instances.get(chosen.port)!;
    counts.requests += 1;
    counts.inFlight += 1;
    if (status >= 500) counts.errors += 1;
    let isOpen = true;
    return {
      status,
      servedBy: chosen.place,
      end: () => {
        if (isOpen) counts.inFlight -= 1;
        isOpen = false;
      },
    };
  }

  #lookUp(host: string, path: string): { stack: Name; service: EdgeSite['services'][number] } | null {
    const all = [...this.#sites].flatMap(([stack, site]) =>
      site.services.flatMap((service) => service.routes.map((route) => ({ stack, service, route }))),
    );
    const wildcard = host.replace(/^[^.]+/, '*');
    const fits = all.filter(
      ({ route }) =>
        (route.host === host || route.host === wildcard) &&
        (route.path === '/' || path === route.path || path.startsWith(`${route.path.replace(/\/$/, '')}/`)),
    );
    const rank = (route: Route): number => (route.host === host ? 10_000 : 0) + route.path.length;
    return fits.toSorted((a, b) => rank(b.route) - rank(a.route))[0] ?? null;
  }

  #load(port: number): number {
    const { inFlight, requests } = this.#countsOf(port);
    return inFlight * 1e9 + requests;
  }

  #countsOf(port: number): { requests: number; errors: number; failed: number; inFlight: number } {
    const counts = this.#counts.get(port) ?? { requests: 0, errors: 0, failed: 0, inFlight: 0 };
    this.#counts.set(port, counts);
    return counts;
  }

  // Until flags or sites change, the time is up, or the signal aborts.
  #change(leftMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.timer(leftMs, done);
      this.#waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

const own = (status: number): FakeRequest => ({ status, servedBy: null, end: () => undefined });

const isRoute = (route: Route): boolean =>
  route.path.startsWith('/') && route.host === route.host.toLowerCase();

const keyOf = (route: Route): string => `${route.host}${route.path}`;
