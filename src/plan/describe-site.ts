import type { EdgeService, EdgeSite } from '../model/edge.ts';
import type { Name } from '../model/names.ts';
import type { Route } from '../model/stack.ts';
import { joined } from './wording.ts';

/** What a new configuration of the edge means, for people: `add route shop.localhost to web, give web.3 traffic`. */
export const describeSiteChange = (before: EdgeSite | null, after: EdgeSite | null): string => {
  if (after === null) return 'Remove every route of the stack from the edge';
  const words = [...routeWords(before, after), ...slotWords(before, after)];
  return `Configure the edge: ${joined(words.length > 0 ? words : ['new ports and limits'])}`;
};

const routeWords = (before: EdgeSite | null, after: EdgeSite): string[] => {
  const owners = ownersOf(before);
  const later = ownersOf(after);
  const words: string[] = [];
  for (const [route, owner] of later) {
    const was = owners.get(route);
    if (was === undefined) words.push(`add route ${route} to ${owner}`);
    else if (was !== owner) words.push(`move route ${route} from ${was} to ${owner}`);
  }
  for (const [route, owner] of owners) {
    if (!later.has(route)) words.push(`remove route ${route} from ${owner}`);
  }
  return words;
};

const slotWords = (before: EdgeSite | null, after: EdgeSite): string[] =>
  (before?.services ?? []).flatMap((old) => {
    const now = after.services.find(({ service }) => service === old.service);
    if (!now) return [];
    const joins = missingFrom(old, now);
    const leaves = missingFrom(now, old);
    return [
      ...(joins.length > 0 ? [`give ${slotNames(old.service, joins)} traffic`] : []),
      ...(leaves.length > 0 ? [`take ${slotNames(old.service, leaves)} out of the traffic`] : []),
      ...(joins.length + leaves.length === 0 && hasOtherPorts(old, now)
        ? [`give ${old.service} its new ports`]
        : []),
    ];
  });

const ownersOf = (site: EdgeSite | null): Map<string, Name> =>
  new Map(
    (site?.services ?? []).flatMap(({ service, routes }) =>
      routes.map((route) => [routeText(route), service]),
    ),
  );

/** `shop.localhost`, `shop.localhost/api`. */
const routeText = ({ host, path }: Route): string => (path === '/' ? host : `${host}${path}`);

const missingFrom = (from: EdgeService, of: EdgeService): number[] =>
  of.slots.map(({ slot }) => slot).filter((slot) => !from.slots.some((other) => other.slot === slot));

const slotNames = (service: Name, slots: readonly number[]): string =>
  joined(slots.map((slot) => `${service}.${slot}`));

const hasOtherPorts = (old: EdgeService, now: EdgeService): boolean =>
  old.slots.some((slot) => {
    const other = now.slots.find((each) => each.slot === slot.slot);
    return other && (other.blue !== slot.blue || other.green !== slot.green);
  });
