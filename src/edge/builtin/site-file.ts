// One stack's site as a file. Read with distrust: a person may have had hands on it.
import { createHash } from 'node:crypto';
import type { EdgeService, EdgeSite } from '../../model/edge.ts';
import { isName } from '../../model/names.ts';
import type { Route } from '../../model/stack.ts';

export type SiteReading =
  | { readonly site: EdgeSite; readonly why: null }
  | { readonly site: null; readonly why: string };

/** The site in `text`, complete and checked, or one sentence about what is wrong with it. */
export const parseSite = (text: string, stack: string): SiteReading => {
  try {
    const site = siteOf(JSON.parse(text));
    if (site.stack !== stack) return bad(`it is about stack "${site.stack}", "${stack}" is required`);
    refuseRepeats(site);
    return { site, why: null };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return bad(error.message);
    throw error;
  }
};

export const printSite = (site: EdgeSite): string => `${JSON.stringify(site, null, 2)}\n`;

/** Names what a site file says: equal texts, equal versions. */
export const siteVersion = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The first host and path that both have, as `host/path`; null where they share none. */
export const sharedRoute = (site: EdgeSite, other: EdgeSite): string | null => {
  const taken = new Set(routesOf(other).map(routeKey));
  return (
    routesOf(site)
      .map(routeKey)
      .find((key) => taken.has(key)) ?? null
  );
};

const routesOf = (site: EdgeSite): readonly Route[] => site.services.flatMap((service) => service.routes);

const bad = (why: string): SiteReading => ({ site: null, why });

const routeKey = (route: Route): string => `${route.host}${route.path.replace(/(.)\/$/, '$1')}`;

const refuseRepeats = (site: EdgeSite): void => {
  const routes = repeated(routesOf(site).map(routeKey));
  if (routes !== null) throw new RangeError(`route ${routes} is there twice`);
  // The seats of one slot may share a port: a service that is recreated never has both of them taken.
  const ports = repeated(
    site.services.flatMap((service) =>
      service.slots.flatMap(({ blue, green }) => [...new Set([blue, green])]),
    ),
  );
  if (ports !== null) throw new RangeError(`port ${ports} is there twice`);
  const services = repeated(site.services.map((service) => service.service));
  if (services !== null) throw new RangeError(`service ${services} is there twice`);
};

const repeated = <T>(values: readonly T[]): T | null => {
  const seen = new Set<T>();
  for (const value of values) {
    if (seen.has(value)) return value;
    seen.add(value);
  }
  return null;
};

const siteOf = (value: unknown): EdgeSite => {
  const site = fields(value, 'the site');
  return { stack: nameOf(site.stack, 'stack'), services: list(site.services, 'services').map(serviceOf) };
};

const serviceOf = (value: unknown): EdgeService => {
  const service = fields(value, 'a service');
  return {
    service: nameOf(service.service, 'service'),
    routes: list(service.routes, 'routes').map(routeOf),
    slots: list(service.slots, 'slots').map((each) => {
      const slot = fields(each, 'a slot');
      return {
        slot: whole(slot.slot, 'slot', 10_000),
        blue: whole(slot.blue, 'blue', 65_535),
        green: whole(slot.green, 'green', 65_535),
      };
    }),
    holdMs: whole(service.holdMs, 'holdMs', 86_400_000, 0),
  };
};

const routeOf = (value: unknown): Route => {
  const route = fields(value, 'a route');
  const { host, path, stripPath } = route;
  if (
    typeof host !== 'string' ||
    host.length > 253 ||
    !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/.test(host)
  ) {
    throw new RangeError(`host is ${show(host)}, a lower-case host is required`);
  }
  if (typeof path !== 'string' || path.length > 1024 || !/^\/[^\s?#]*$/.test(path)) {
    throw new RangeError(`path is ${show(path)}, text that begins with / is required`);
  }
  if (typeof stripPath !== 'boolean')
    throw new RangeError(`stripPath is ${show(stripPath)}, true or false is required`);
  return { host, path, stripPath };
};

const fields = (value: unknown, what: string): Record<string, unknown> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new RangeError(`${what} is ${show(value)}, an object is required`);
};

const list = (value: unknown, what: string): readonly unknown[] => {
  if (Array.isArray(value) && value.length <= 1000) return value;
  throw new RangeError(`${what} is ${show(value)}, a list of at most 1000 is required`);
};

const nameOf = (value: unknown, what: string): string => {
  if (typeof value === 'string' && isName(value)) return value;
  throw new RangeError(`${what} is ${show(value)}, a name is required`);
};

const whole = (value: unknown, what: string, most: number, least = 1): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${what} is ${show(value)}, a whole number from ${least} to ${most} is required`);
};

const show = (value: unknown): string => (JSON.stringify(value) ?? 'absent').slice(0, 80);
