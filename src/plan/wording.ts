// How plans speak: the names the user wrote, quantities as people read them, seats only in passing.
import { formatDuration } from '../kit/format.ts';
import type { InstancePlace, Name } from '../model/names.ts';
import type { Revision } from '../model/release.ts';
import type { Health } from '../model/stack.ts';

/** `a`, `a and b`, `a, b and c`. */
export const joined = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** `1 release`, `2 releases`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

export const revisionText = (revision: Revision): string => {
  const id = revision.id.slice(0, 7);
  return revision.summary === '' ? id : `${id} ${revision.summary}`;
};

/** Calls a copy `web` where the service has one replica, `web.2` where it has several. */
export type Namer = (places: readonly Pick<InstancePlace, 'service' | 'slot'>[]) => string;

export const namer =
  (several: ReadonlySet<Name>): Namer =>
  (places) =>
    joined([
      ...new Set(places.map(({ service, slot }) => (several.has(service) ? `${service}.${slot}` : service))),
    ]);

/** A set time as people write it: `10 s`, not `10.0 s`. */
export const spanText = (ms: number): string => formatDuration(ms).replace(/\.0 s$/, ' s');

/** `is`, `are`: after a list of this many. */
export const isOrAre = (many: readonly unknown[]): string => (many.length === 1 ? 'is' : 'are');

export const hasOrHave = (many: readonly unknown[]): string => (many.length === 1 ? 'has' : 'have');

/** ` in green`; nothing where the places sit in both. */
export const inSeat = (places: readonly InstancePlace[]): string => {
  const seats = new Set(places.map(({ seat }) => seat));
  return seats.size === 1 ? ` in ${[...seats][0]}` : '';
};

/** What a gate waits for: `2 good answers on /up, then 1 s`. */
export const gateText = (health: Health): string => {
  const settle = health.settleMs > 0 ? spanText(health.settleMs) : null;
  const { probe, passes } = health;
  if (probe === null) return settle ? `it runs for ${settle}` : 'it runs';
  const then = settle ? `, then ${settle}` : '';
  switch (probe.kind) {
    case 'http':
      return `${counted(passes, 'good answer')} on ${probe.path}${then}`;
    case 'tcp':
      return `${counted(passes, 'connection')} to its port${then}`;
    case 'exec':
      return `${counted(passes, 'good run')} of its check${then}`;
    case 'log':
      return `its log says ${JSON.stringify(probe.pattern)}${then}`;
    default:
      return probe satisfies never;
  }
};

/** `port 20000`, `ports 20000, 20001 and 20004`. */
export const portsText = (ports: readonly number[]): string => {
  const unique = [...new Set(ports)].toSorted((a, b) => a - b);
  return `${unique.length === 1 ? 'port' : 'ports'} ${joined(unique.map(String))}`;
};
