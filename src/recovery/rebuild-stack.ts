// What the store would say of a stack, put together from what is on disk and running, after the store itself was lost.
// It promises that no run is left out, so that nothing that runs is stopped or started twice, and that whatever was
// taken for granted is said. It must never know where the facts come from, or touch anything.
import { type InstanceId, instanceId, type InstancePlace, type Name, slotKey } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { DesiredInstance, StackRecord } from '../ports/store.ts';
import { chooseCurrent } from './choose-current.ts';
import type { StackFacts } from './stack-facts.ts';

export type RebuiltStack = {
  readonly stack: Name;
  /** Null: it was taken down, nothing of it runs or is routed. */
  readonly record: StackRecord | null;
  readonly releases: readonly Release[];
  /** The highest number that any release is known to have had. */
  readonly lastRelease: number;
  readonly instances: readonly DesiredInstance[];
  readonly ports: Readonly<Record<InstanceId, number>>;
  /** What was taken for granted or is not known, one sentence each. */
  readonly doubts: readonly string[];
};

// Copies without traffic are found again and go by themselves; not before somebody had the time to look.
const SHORTEST_WARM_MS = 600_000;

/** `now`: epoch milliseconds. */
export const rebuildStack = (facts: StackFacts, now: number): RebuiltStack => {
  const current = chooseCurrent(facts);
  const ports = portsOf(facts);
  const runs = facts.runs.map((run) => ({ ...run, release: run.release ?? current.id ?? 0 }));
  const working = workingPlaces(facts, current.id);
  const warmMs = facts.releases.find(({ id }) => id === current.id)?.stack.warmMs ?? 0;
  const found = runs.map((run): DesiredInstance => ({
    ...run.place,
    release: run.release,
    fingerprint: facts.fingerprint(run.release, run.place.service),
    port: ports[instanceId(run.place)] ?? run.port,
    warmUntil: working.has(instanceId(run.place)) ? null : now + Math.max(warmMs, SHORTEST_WARM_MS),
  }));
  const missing = missingPlaces(facts, current.id).map((place): DesiredInstance => ({
    ...place,
    release: current.id!,
    fingerprint: facts.fingerprint(current.id!, place.service),
    port: ports[instanceId(place)] ?? null,
    warmUntil: null,
  }));
  const isDown = facts.runs.length === 0 && facts.site === null;
  return {
    stack: facts.stack,
    record: isDown ? null : { name: facts.stack, file: '', scale: scaleOf(facts, current.id) },
    releases: facts.releases.map((release) => ({ ...release, ...stateOf(release.id, current.id) })),
    lastRelease: Math.max(
      0,
      ...facts.releases.map(({ id }) => id),
      ...facts.unreadable,
      ...runs.map(({ release }) => release),
    ),
    instances: [...found, ...missing],
    ports,
    doubts: [
      ...current.doubts,
      ...unreadableDoubts(facts),
      ...runDoubts(facts, current.id),
      ...missing.map((place) => `"${instanceId(place)}" is routed and left no record: it is started again`),
      ...idleDoubts(facts, current.id),
      ...facts.flags.held.map(
        (service) => `requests of "${service}" are held by a change that is lost: restart the service`,
      ),
    ],
  };
};

const NEWER = 'found on disk after the state database was lost; how it ended is not known';

const stateOf = (id: number, current: number | null): Pick<Release, 'state' | 'stateReason'> => {
  if (id === current) return { state: 'current', stateReason: null };
  return current !== null && id > current
    ? { state: 'candidate', stateReason: NEWER }
    : { state: 'stable', stateReason: null };
};

const flagged = ({ flags }: StackFacts, service: Name, slot: number): InstancePlace => ({
  service,
  slot,
  seat: flags.seats[slotKey(service, slot)] ?? 'blue',
});

// Of a routed slot, the seat with the traffic. Of any other, the copy of the current release, else the older one.
const workingPlaces = (facts: StackFacts, current: number | null): ReadonlySet<InstanceId> => {
  const routed = new Set(facts.site?.services.map(({ service }) => service));
  const slots = Map.groupBy(facts.runs, ({ place }) => slotKey(place.service, place.slot));
  const chosen = [...slots.values()].map((runs) => {
    const [first] = runs.toSorted(
      (a, b) => Number(b.release === current) - Number(a.release === current) || a.startedAt - b.startedAt,
    );
    const { service, slot } = first!.place;
    return instanceId(routed.has(service) && runs.length > 1 ? flagged(facts, service, slot) : first!.place);
  });
  return new Set(chosen);
};

// Routed, and nothing on record sits in the slot: it goes down with its record, or a change was under way.
const missingPlaces = (facts: StackFacts, current: number | null): readonly InstancePlace[] => {
  const present = new Set(facts.runs.map(({ place }) => slotKey(place.service, place.slot)));
  const services = facts.releases.find(({ id }) => id === current)?.stack.services ?? [];
  return (facts.site?.services ?? [])
    .filter(({ service }) => services.some(({ name }) => name === service))
    .filter(({ service }) => !facts.flags.maintenance.includes(service))
    .flatMap(({ service, slots }) => slots.map(({ slot }) => flagged(facts, service, slot)))
    .filter(({ service, slot }) => !present.has(slotKey(service, slot)));
};

const portsOf = ({ site, runs }: StackFacts): Record<InstanceId, number> => ({
  ...Object.fromEntries(
    runs.flatMap(({ place, port }) => (port === null ? [] : [[instanceId(place), port]])),
  ),
  ...Object.fromEntries(
    (site?.services ?? []).flatMap(({ service, slots }) =>
      slots.flatMap(({ slot, blue, green }) => [
        [instanceId({ service, slot, seat: 'blue' }), blue],
        [instanceId({ service, slot, seat: 'green' }), green],
      ]),
    ),
  ),
});

// Another number of copies than the file's was set by `scale`. None at all is a stop, which keeps the number.
const scaleOf = (facts: StackFacts, current: number | null): StackRecord['scale'] => {
  const services = facts.releases.find(({ id }) => id === current)?.stack.services ?? [];
  return Object.fromEntries(
    services.flatMap(({ name, replicas }) => {
      const routed = facts.site?.services.find(({ service }) => service === name)?.slots.length;
      const slots = facts.runs.filter(({ place }) => place.service === name).map(({ place }) => place.slot);
      const count = routed ?? new Set(slots).size;
      return count === 0 || count === replicas ? [] : [[name, { replicas: count, over: replicas }]];
    }),
  );
};

const unreadableDoubts = ({ unreadable }: StackFacts): readonly string[] =>
  unreadable.map((id) => `what release ${id} is can not be read from its folder: it is not on record`);

const runDoubts = ({ runs, releases }: StackFacts, current: number | null): readonly string[] =>
  runs.flatMap(({ place, release }) => {
    const id = instanceId(place);
    if (release === null) {
      return [
        current === null
          ? `which release "${id}" is of is not known: it is left alone`
          : `which release "${id}" is of is not known: release ${current} is taken`,
      ];
    }
    return releases.some((each) => each.id === release)
      ? []
      : [`"${id}" is of release ${release}, which is not on disk: it is left alone`];
  });

// A stopped service and one whose copies were lost with a change look alike.
const idleDoubts = (facts: StackFacts, current: number | null): readonly string[] => {
  if (facts.runs.length === 0 && facts.site === null) {
    return current === null ? [] : ['nothing of it runs or is routed: it is taken for down'];
  }
  const services = facts.releases.find(({ id }) => id === current)?.stack.services ?? [];
  const known = new Set([
    ...facts.runs.map(({ place }) => place.service),
    ...(facts.site?.services.map(({ service }) => service) ?? []),
  ]);
  return services
    .filter(({ name, replicas }) => replicas > 0 && !known.has(name))
    .map(({ name }) => `no copy of "${name}" left a record: it is taken for stopped`);
};
