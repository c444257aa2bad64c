import type { Service } from '../../model/stack.ts';
import { quote } from '../quote.ts';
import { type RuleContext, servicesOf } from './rule.ts';

const HIGHEST = 65_535;
const FIRST_UNPRIVILEGED = 1024;

export const checkPorts = (context: RuleContext): void => {
  const { places, error, warn } = context;
  const taken: PortRange[] = [];
  for (const { path, service } of servicesOf(context)) {
    const range = portRange(service);
    if (range === null) continue;
    const place = places.ofValue([...path, 'port']);
    const clash = taken.find((other) => range.first <= other.last && other.first <= range.last);
    taken.push(range);
    if (range.last > HIGHEST) {
      error(place, {
        code: 'port.out-of-range',
        message: `Cannot give ${describe(range)} to ${quote(service.name)}: the highest port is ${HIGHEST}`,
        fix: `write a port of at most ${HIGHEST - (range.last - range.first)}, or auto`,
      });
    } else if (clash) {
      const line = places.ofValue(['services', clash.service, 'port']).line;
      error(place, {
        code: 'port.conflict',
        message: `Cannot give ${describe(range)} to ${quote(service.name)}: ${quote(clash.service)} has ${describe(clash)} (line ${line})`,
        expected: `${describeNeed(service)}, of its own`,
        fix: `write ${suggestFree(range, taken)}, or auto`,
      });
    }
    if (range.first < FIRST_UNPRIVILEGED) {
      warn(place, {
        code: 'port.privileged',
        message: `Cannot be sure of port ${range.first} for ${quote(service.name)}: below ${FIRST_UNPRIVILEGED} only root may listen`,
        fix: 'write a higher port, or auto: the edge is what people reach',
      });
    }
  }
};

type PortRange = { readonly service: string; readonly first: number; readonly last: number };

/** Blue has the first ports and green the next; with `recreate` one seat ends before the other begins, so they share. */
const portRange = (service: Service): PortRange | null => {
  if (typeof service.port !== 'number') return null;
  return { service: service.name, first: service.port, last: service.port + portsNeeded(service) - 1 };
};

const portsNeeded = ({ strategy, replicas }: Service): number =>
  Math.max(replicas, 1) * (strategy === 'recreate' ? 1 : 2);

const describe = ({ first, last }: PortRange): string =>
  first === last ? `port ${first}` : `ports ${first} to ${last}`;

const describeNeed = (service: Service): string => {
  const count = portsNeeded(service);
  if (count === 1) return 'one port';
  return service.strategy === 'recreate'
    ? `${count} ports, one for each replica`
    : `${count} ports, two for each replica`;
};

const suggestFree = (range: PortRange, taken: readonly PortRange[]): number =>
  Math.max(...taken.filter((other) => other !== range).map((other) => other.last)) + 1;
