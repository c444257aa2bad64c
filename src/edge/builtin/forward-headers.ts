// Which header fields travel through the edge, and which it writes itself (RFC 9110 section 7.6.1). Pure.
import { isIP } from 'node:net';

/** The agent's secret question: who answers here? Never passed on. */
export const ASK_HEADER = 'x-reeve-ask';
/** With the token, `route` asks which route covers the request, and no instance hears of it. */
export const ASK_FOR_HEADER = 'x-reeve-ask-for';
export const SERVED_BY_HEADER = 'X-Reeve-Served-By';
export const ROUTE_HEADER = 'X-Reeve-Route';

export type ForwardFacts = {
  readonly host: string;
  readonly requestId: string;
  /** The address the client's connection comes from. */
  readonly peer: string;
  /** Proxies whose own `X-Forwarded-*` are believed. */
  readonly trusted: ReadonlySet<string>;
  /** What `stripPath` took off the path. */
  readonly strippedPrefix: string | null;
  /** Keeps `Connection` and `Upgrade`. */
  readonly isUpgrade: boolean;
};

// About one connection, or a promise that the edge makes anew for its own. `Expect` and `TE` are answered here;
// `Proxy` becomes HTTP_PROXY in CGI programs (https://httpoxy.org).
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  'trailer',
  'expect',
  'proxy',
  'host',
  'via',
  'x-request-id',
  ASK_HEADER,
  ASK_FOR_HEADER,
]);
const ABOUT_THE_CLIENT = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
]);
// CGI, WSGI and Rack turn "-" into "_": there, a field that a client spells with "_" can not be told from the edge's own.
const isLookAlike = (key: string): boolean => {
  if (!key.includes('_')) return false;
  const plain = key.replaceAll('_', '-');
  return NOT_FORWARDED.has(plain) || ABOUT_THE_CLIENT.has(plain) || plain === 'content-length';
};
// Only the edge says these.
const NOT_ANSWERED = new Set([
  ...HOP_BY_HOP,
  'x-reeve-edge',
  SERVED_BY_HEADER.toLowerCase(),
  ROUTE_HEADER.toLowerCase(),
]);
// A `Connection` field that lists these would take from the instance what it needs to understand the request.
const NEVER_LISTED = new Set(['host', 'content-length', 'cookie', 'authorization', 'content-type']);

const VIA = '1.1 reeve';

/** The fields an instance gets, as a flat list. `raw` is as it came: names and values by turns. */
export const requestHeaders = (raw: readonly string[], facts: ForwardFacts): string[] => {
  const listed = listedIn(raw);
  const isTrusted = facts.trusted.has(plainAddress(facts.peer));
  const sent: string[] = ['Host', facts.host];
  let forwardedFor = '';
  let proto = '';
  let forwardedHost = '';
  let via = '';
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!;
    const value = raw[at + 1]!;
    const key = name.toLowerCase();
    if (key === 'via') via = via === '' ? value : `${via}, ${value}`;
    if (facts.isUpgrade && key === 'upgrade') sent.push(name, value);
    if (NOT_FORWARDED.has(key) || listed?.has(key) || isLookAlike(key)) continue;
    if (ABOUT_THE_CLIENT.has(key)) {
      if (!isTrusted) continue;
      if (key === 'x-forwarded-for') forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`;
      else if (key === 'x-forwarded-proto') proto = value;
      else if (key === 'x-forwarded-host') forwardedHost = value;
      else sent.push(name, value);
      continue;
    }
    sent.push(name, value);
  }
  const peer = plainAddress(facts.peer);
  sent.push(
    'X-Forwarded-For',
    forwardedFor === '' ? peer : `${forwardedFor}, ${peer}`,
    'X-Forwarded-Proto',
    proto === '' ? 'http' : proto,
    'X-Forwarded-Host',
    forwardedHost === '' ? facts.host : forwardedHost,
    'X-Request-Id',
    facts.requestId,
    'Via',
    via === '' ? VIA : `${via}, ${VIA}`,
  );
  if (facts.strippedPrefix !== null) sent.push('X-Forwarded-Prefix', facts.strippedPrefix);
  if (facts.isUpgrade) sent.push('Connection', 'Upgrade');
  return sent;
};

export type ForwardedAnswer = {
  /** Flat list. */
  readonly headers: string[];
  readonly hasLength: boolean;
  /** From the instance's `Keep-Alive: timeout=`; null where it said nothing. */
  readonly keepAliveMs: number | null;
};

/** The fields the client gets of an instance's answer. `raw`: names and values by turns, as bytes (ISO 8859-1). */
export const answerHeaders = (raw: readonly Buffer[], requestId: string): ForwardedAnswer => {
  const headers: string[] = [];
  const text = raw.map((bytes) => bytes.toString('latin1'));
  const listed = listedIn(text);
  let hasLength = false;
  let hasRequestId = false;
  let keepAliveMs: number | null = null;
  for (let at = 0; at < text.length; at += 2) {
    const name = text[at]!;
    const key = name.toLowerCase();
    if (key === 'keep-alive') keepAliveMs = keepAliveOf(text[at + 1]!);
    if (NOT_ANSWERED.has(key) || listed?.has(key)) continue;
    if (key === 'content-length') hasLength = true;
    if (key === 'x-request-id') hasRequestId = true;
    headers.push(name, text[at + 1]!);
  }
  headers.push('Via', VIA);
  if (!hasRequestId) headers.push('X-Request-Id', requestId);
  return { headers, hasLength, keepAliveMs };
};

/** Trailer fields of an answer; those that frame or route a message may not come so late (RFC 9110 section 6.5.1). */
export const answerTrailers = (raw: readonly Buffer[]): [string, string][] => {
  const trailers: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toString('latin1');
    const key = name.toLowerCase();
    if (NOT_ANSWERED.has(key) || key === 'content-length' || key === 'host' || key === 'trailer') continue;
    trailers.push([name, raw[at + 1]!.toString('latin1')]);
  }
  return trailers;
};

/** A request id that came along is kept where it can do no harm in logs and pages. */
export const isSaneRequestId = (id: string | undefined): id is string =>
  id !== undefined && /^[A-Za-z0-9._:+/=@-]{1,128}$/.test(id);

/** An IPv4 address that came in over an IPv6 socket, as people write it. */
export const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;

// Fields that a `Connection` field declares to be about this connection alone; null where there are none.
const listedIn = (raw: readonly string[]): ReadonlySet<string> | null => {
  let listed: Set<string> | null = null;
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]!.length !== 10 || raw[at]!.toLowerCase() !== 'connection') continue;
    const value = raw[at + 1]!;
    if (value === 'keep-alive' || value === 'close') continue;
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim();
      if (name === '' || NEVER_LISTED.has(name)) continue;
      listed ??= new Set();
      listed.add(name);
    }
  }
  return listed;
};

const keepAliveOf = (value: string): number | null => {
  const match = /timeout=(\d{1,7})/i.exec(value);
  return match ? Number(match[1]) * 1000 : null;
};
