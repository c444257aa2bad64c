// All sites the edge has loaded, and the route table made of them. One bad file never takes the others down: the stack
// it is about keeps what it had.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpstreamTraffic } from '../../model/edge.ts';
import { isName, type Name } from '../../model/names.ts';
import { FlagReader } from '../flags/flag-reader.ts';
import { ServiceCounts } from './counts.ts';
import { flagsFolder, sitesFolder } from './edge-paths.ts';
import { OpenSite, Target, trafficOf } from './open-site.ts';
import { assembleRouteTable, lookUpRoute, type RouteMatch, type RouteTable } from './route-table.ts';
import { parseSite, sharedRoute, siteVersion } from './site-file.ts';
import { Upstream, type UpstreamPlace } from './upstream.ts';

export type BrokenSite = { readonly file: string; readonly why: string };

export class SiteBook {
  readonly #folder: string;
  readonly #answerTimeoutMs: number;
  readonly #sites = new Map<Name, OpenSite>();
  /** By stack, then by place and port; they keep their counts over a reload. */
  readonly #upstreams = new Map<Name, Map<string, Upstream>>();
  readonly #counts = new Map<string, ServiceCounts>();
  #broken: readonly BrokenSite[] = [];
  #table: RouteTable<RoutedTarget> = assembleRouteTable([]);

  constructor(folder: string, answerTimeoutMs: number) {
    this.#folder = folder;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  get sites(): readonly OpenSite[] {
    return [...this.#sites.values()];
  }

  get broken(): readonly BrokenSite[] {
    return this.#broken;
  }

  site(stack: Name): OpenSite | null {
    return this.#sites.get(stack) ?? null;
  }

  lookUp(host: string, path: string): RouteMatch<RoutedTarget> | null {
    return lookUpRoute(this.#table, host, path);
  }

  /** Reads every file anew. A site whose text is as before stays the object it was. */
  reload(): void {
    const broken: BrokenSite[] = [];
    const files = siteFiles(this.#folder);
    for (const [stack, site] of this.#sites) {
      if (files.includes(`${stack}.json`)) continue;
      site.replaced();
      this.#sites.delete(stack);
    }
    for (const file of files) {
      const why = this.#load(file.slice(0, -'.json'.length), join(sitesFolder(this.#folder), file));
      if (why !== null) broken.push({ file, why });
    }
    this.#broken = broken;
    this.#table = assembleRouteTable(
      this.sites.flatMap((site) =>
        site.targets.flatMap((target, at) =>
          site.site.services[at]!.routes.map((route) => ({ route, target: { site, target } })),
        ),
      ),
    );
    this.#retire();
  }

  traffic(stack: Name): readonly UpstreamTraffic[] {
    return [...(this.#upstreams.get(stack)?.values() ?? [])].map(trafficOf);
  }

  /** Every idle connection to every instance ends. */
  closeIdle(): void {
    for (const upstreams of this.#upstreams.values())
      for (const upstream of upstreams.values()) upstream.closeIdle();
  }

  /** One sentence where the file can not be used; null where its site is in force. */
  #load(stack: Name, path: string): string | null {
    const text = readOrNull(path);
    if (text === null) return 'it can not be read';
    const version = siteVersion(text);
    if (this.#sites.get(stack)?.version === version) return null;
    const { site, why } = parseSite(text, stack);
    if (!site) return why;
    const rival = this.sites.find(
      (other) => other.site.stack !== stack && sharedRoute(site, other.site) !== null,
    );
    if (rival) return `stack "${rival.site.stack}" has the route ${sharedRoute(site, rival.site)}`;
    const targets = site.services.map(
      (service) =>
        new Target({
          stack,
          service,
          counts: this.#countsOf(stack, service.service),
          upstreamAt: (place) => this.#upstreamAt(stack, place),
        }),
    );
    this.#sites.get(stack)?.replaced();
    const flags = new FlagReader(flagsFolder(this.#folder, stack));
    this.#sites.set(stack, new OpenSite({ site, version, targets, flags }));
    return null;
  }

  #countsOf(stack: Name, service: Name): ServiceCounts {
    const key = `${stack}/${service}`;
    const counts = this.#counts.get(key) ?? new ServiceCounts();
    this.#counts.set(key, counts);
    return counts;
  }

  #upstreamAt(stack: Name, place: UpstreamPlace): Upstream {
    const upstreams = this.#upstreams.get(stack) ?? new Map<string, Upstream>();
    this.#upstreams.set(stack, upstreams);
    const key = upstreamKey(place);
    const upstream = upstreams.get(key) ?? new Upstream(place, this.#answerTimeoutMs);
    upstreams.set(key, upstream);
    return upstream;
  }

  // An upstream that no site has any more is forgotten once nothing is in flight to it: a drain still asks about it.
  #retire(): void {
    for (const [stack, upstreams] of this.#upstreams) {
      const targets = this.#sites.get(stack)?.targets ?? [];
      const used = new Set(
        targets.flatMap((target) => target.slots.flatMap((slot) => [slot.blue, slot.green])),
      );
      for (const [key, upstream] of upstreams) {
        if (used.has(upstream)) continue;
        upstream.hasTraffic = false;
        if (upstream.inFlight === 0) upstreams.delete(key);
      }
      if (upstreams.size === 0) this.#upstreams.delete(stack);
    }
    for (const key of this.#counts.keys()) {
      const [stack = '', service] = key.split('/');
      if (!this.#sites.get(stack)?.targets.some((target) => target.service === service))
        this.#counts.delete(key);
    }
  }
}

/** A target with the site whose flags decide about it. */
export type RoutedTarget = { readonly site: OpenSite; readonly target: Target };

const upstreamKey = (place: UpstreamPlace): string =>
  `${place.service}.${place.slot}.${place.seat}:${place.port}`;

const siteFiles = (folder: string): readonly string[] => {
  try {
    return readdirSync(sitesFolder(folder))
      .filter((file) => file.endsWith('.json') && isName(file.slice(0, -'.json'.length)))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there any more, a folder, not ours to read: to the edge it is all the same.
    return null;
  }
};
