import { type CallName, CALLS } from '../api/wire.ts';

export type FoundCall = {
  readonly call: CallName;
  /** The `:name` parts of its path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
};

type Route = { readonly call: CallName; readonly method: string; readonly parts: readonly string[] };

const ROUTES: readonly Route[] = (Object.keys(CALLS) as CallName[]).map((call) => {
  const { method, path } = CALLS[call];
  return { call, method, parts: path.split('/') };
});

/** The call that a request means; null where there is none. */
export const findCall = (method: string, url: string): FoundCall | null => {
  const [path, search = ''] = url.split('?', 2) as [string, string?];
  const given = path.split('/');
  const route = ROUTES.find((one) => one.method === method && isSame(one.parts, given));
  if (!route) return null;
  const named = route.parts.flatMap((part, at) =>
    part.startsWith(':') ? [[part.slice(1), decode(given[at]!)] as const] : [],
  );
  const query = Object.fromEntries(new URLSearchParams(search));
  return { call: route.call, params: Object.fromEntries(named), query };
};

const isSame = (parts: readonly string[], given: readonly string[]): boolean =>
  parts.length === given.length &&
  parts.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]));

// What can not be decoded is no name, and is refused as that.
const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
};
