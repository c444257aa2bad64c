// From host and path of a request to what serves it. Pure.
import type { Route } from '../../model/stack.ts';

export type RouteMatch<T> = { readonly target: T; readonly route: Route };

export type RouteTable<T> = {
  /** By whole host; each list longest path first. */
  readonly exact: ReadonlyMap<string, readonly RouteMatch<T>[]>;
  /** By what follows the `*`, with its dot. */
  readonly wildcard: ReadonlyMap<string, readonly RouteMatch<T>[]>;
};

export const assembleRouteTable = <T>(matches: readonly RouteMatch<T>[]): RouteTable<T> => {
  const exact = new Map<string, RouteMatch<T>[]>();
  const wildcard = new Map<string, RouteMatch<T>[]>();
  for (const match of matches) {
    const isWildcard = match.route.host.startsWith('*.');
    const map = isWildcard ? wildcard : exact;
    const key = isWildcard ? match.route.host.slice(1) : match.route.host;
    const list = map.get(key);
    if (list) list.push(match);
    else map.set(key, [match]);
  }
  for (const list of [...exact.values(), ...wildcard.values()]) {
    list.sort((a, b) => trimSlash(b.route.path).length - trimSlash(a.route.path).length);
  }
  return { exact, wildcard };
};

/**
 * The exact host beats the wildcard, then the longest path wins. A wildcard stands for one label, as in a
 * certificate (RFC 9525 section 6.3). `path` is without its query.
 */
export const lookUpRoute = <T>(table: RouteTable<T>, host: string, path: string): RouteMatch<T> | null => {
  const exact = firstCovering(table.exact.get(host), path);
  if (exact) return exact;
  const dot = host.indexOf('.');
  return dot > 0 ? firstCovering(table.wildcard.get(host.slice(dot)), path) : null;
};

/** Whether `/api` covers `path`: `/api` and `/api/x`, not `/apix`. */
export const coversPath = (prefix: string, path: string): boolean => {
  const trimmed = trimSlash(prefix);
  if (!path.startsWith(trimmed)) return false;
  return path.length === trimmed.length || path.charCodeAt(trimmed.length) === SLASH;
};

/** The request's path and query as the instance gets it. */
export const stripPrefix = (prefix: string, target: string): string => {
  const rest = target.slice(trimSlash(prefix).length);
  return rest.charCodeAt(0) === SLASH ? rest : `/${rest}`;
};

/** Lower-case and without its port and final dot; an address keeps its brackets. Null where it is not a host. */
export const hostOf = (header: string): string | null => {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::\d*)?$/.exec(header);
  if (!match) return null;
  const host = match[1]!.toLowerCase();
  return host.length > 1 && host.endsWith('.') ? host.slice(0, -1) : host;
};

const SLASH = 0x2f;

const trimSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

const firstCovering = <T>(
  matches: readonly RouteMatch<T>[] | undefined,
  path: string,
): RouteMatch<T> | null => matches?.find((match) => coversPath(match.route.path, path)) ?? null;
