import type { Route } from '../../model/stack.ts';
import { itemsOf } from '../one-or-many.ts';
import type { Path } from '../places.ts';
import { quote } from '../quote.ts';
import { resolveRoute } from '../resolve-service.ts';
import { type RuleContext, servicesOf } from './rule.ts';

export const checkRoutes = (context: RuleContext): void => {
  const { places, stack, error } = context;
  const taken = new Map<string, { readonly service: string; readonly line: number }>();
  for (const { path, service, written } of servicesOf(context)) {
    const items = itemsOf(written.route, [...path, 'route']);
    if (items.length > 0 && service.port === null) {
      error(places.ofValue([...path, 'port']), {
        code: 'route.no-port',
        message: `Cannot route requests to ${quote(service.name)}: its port is null, one is required`,
        fix: 'write port: auto, or remove the route',
      });
    }
    for (const { item, path: at } of items) {
      const route = resolveRoute(item, stack.name);
      const isSound =
        judgeHost(context, item, { route, path: at }) && judgePath(context, item, { route, path: at });
      if (!isSound) continue;
      const place = places.ofValue(at);
      const key = `${route.host}${route.path}`;
      const first = taken.get(key);
      if (first) {
        error(place, {
          code: 'route.conflict',
          message: `Cannot route ${quote(key)} to ${quote(service.name)}: ${quote(first.service)} has it already (line ${first.line})`,
          fix: 'give one of the two another host or path',
        });
      } else {
        taken.set(key, { service: service.name, line: place.line });
      }
    }
  }
};

type Judged = { readonly route: Route; readonly path: Path };
type WrittenRoute = Parameters<typeof resolveRoute>[0];

const judgeHost = (
  { places, error, isCut }: RuleContext,
  written: WrittenRoute,
  { route, path }: Judged,
): boolean => {
  // The default host is made of the stack's name, about which there is a complaint of its own.
  const hostPath = typeof written === 'object' ? [...path, 'host'] : path;
  const ownHost =
    written === true ||
    (typeof written === 'string' && written.startsWith('/')) ||
    (typeof written === 'object' && written.host === undefined);
  if (ownHost) return !isCut(['name']);
  const wrong = whyBadHost(route.host, typeof written === 'string' ? written : written.host!);
  if (wrong === null) return true;
  error(places.ofValue(hostPath), {
    code: 'route.bad-host',
    message: `Cannot route the host ${quote(wrong.shown ?? route.host)}: ${wrong.why}`,
    ...(wrong.fix !== undefined && { fix: wrong.fix }),
    expected: 'a host such as example.com or "*.example.com"',
  });
  return false;
};

type BadHost = { readonly why: string; readonly shown?: string; readonly fix?: string };

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

const whyBadHost = (host: string, written: string): BadHost | null => {
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:?#]+)/i.exec(written);
  if (url)
    return {
      why: 'it is a URL, a host alone is required',
      shown: written,
      fix: `write ${url[1]!.toLowerCase()}`,
    };
  const port = /^([^:]+):[0-9]+$/.exec(host);
  if (port) {
    return {
      why: 'it has a port, a host alone is required',
      fix: `write ${port[1]}: on which port is for the edge to say`,
    };
  }
  if (host === '') return { why: 'it is empty' };
  if (host.length > 253) return { why: `it has ${host.length} characters, at most 253 are allowed` };
  const labels = (host.startsWith('*.') ? host.slice(2) : host).split('.');
  if (labels.some((label) => label.includes('*'))) {
    return { why: '"*" stands elsewhere than in front, "*." followed by a host is required' };
  }
  if (labels.includes('')) return { why: 'two dots meet, or a dot is at an end' };
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad === undefined) return null;
  const international = /[^\u0020-\u007e]/.test(host) ? toAscii(host) : null;
  return {
    why: `${quote(bad)} is no part of a host: letters, digits and dashes are`,
    ...(international !== null && { fix: `write ${international}` }),
  };
};

// A host outside ASCII travels as punycode (RFC 5891); the edge compares what travels.
const toAscii = (host: string): string | null =>
  URL.parse(`http://${host.replace(/^\*\./, '')}`)?.hostname ?? null;

const judgePath = (
  { places, error }: RuleContext,
  written: WrittenRoute,
  { route, path }: Judged,
): boolean => {
  const why = whyBadPath(route.path);
  if (why === null) return true;
  const at = typeof written === 'object' ? [...path, 'path'] : path;
  error(places.ofValue(at), {
    code: 'route.bad-path',
    message: `Cannot route the path ${quote(route.path)}: ${why.why}`,
    fix: why.fix,
  });
  return false;
};

const whyBadPath = (path: string): { readonly why: string; readonly fix: string } | null => {
  if (!path.startsWith('/')) return { why: 'it does not begin with "/"', fix: `write /${path}` };
  if (/[?#]/.test(path))
    return { why: 'it has a query or a fragment', fix: `write ${path.replace(/[?#].*$/s, '')}` };
  if (path.includes('*')) {
    return {
      why: 'it has a "*", and a path covers all below it anyway',
      fix: `write ${path.replace(/\/?\*.*$/s, '') || '/'}`,
    };
  }
  if (/\/\/|(^|\/)\.{1,2}(\/|$)/.test(path))
    return { why: 'it has an empty or dotted part', fix: 'write the plain path' };
  if (/[^\u0021-\u007e]|\\/.test(path))
    return { why: 'it has a space or a sign that no request has', fix: 'write it as a browser sends it' };
  return null;
};
