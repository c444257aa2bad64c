// The names that Reeve gives to things. Whatever becomes a path, a unit name or a
// host passes through `toName`, and nothing else makes one.

/** A name that is safe in paths, unit names and hosts: `[a-z0-9-]`, 1 to 48 characters, no dash at an end. */
export type Name = string;

/** Blue or green: the two places, with fixed ports, where the instances of a service live. */
export type Seat = 'blue' | 'green';

/** `<service>-<slot>-<seat>`, for example `web-1-blue`; unique within a stack. */
export type InstanceId = string;

/** `<service>.<slot>`, for example `web.1`: one replica of a service, whichever seat it sits in. */
export type SlotKey = string;

const NAME = /^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/;

export const isName = (text: string): boolean => NAME.test(text);

/** Returns `text` itself; throws a RangeError where it is not a name. The only door from text to path. */
export const toName = (text: string): Name => {
  if (!isName(text)) {
    throw new RangeError(
      `not a name: ${JSON.stringify(text)}, lower-case letters, digits and dashes required`,
    );
  }
  return text;
};

export const otherSeat = (seat: Seat): Seat => (seat === 'blue' ? 'green' : 'blue');

export const slotKey = (service: Name, slot: number): SlotKey => `${service}.${slot}`;

/** One place for one running copy of a service. `slot` counts replicas from 1. */
export type InstancePlace = {
  readonly service: Name;
  readonly slot: number;
  readonly seat: Seat;
};

export const instanceId = (place: InstancePlace): InstanceId =>
  `${place.service}-${place.slot}-${place.seat}`;

/** The place an instance id names, or null where the text is not an instance id. */
export const parseInstanceId = (id: InstanceId): InstancePlace | null => {
  const match = /^(.+)-(\d+)-(blue|green)$/.exec(id);
  if (!match || !isName(match[1]!)) return null;
  return { service: match[1]!, slot: Number(match[2]), seat: match[3] as Seat };
};
