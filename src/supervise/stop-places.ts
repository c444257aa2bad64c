import { Failure } from '../model/error.ts';
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import type { Service } from '../model/stack.ts';
import type { StopRequest } from '../ports/driver.ts';
import { placeKey, type Roster } from './roster.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

// For what is left of a service that no release knows any more.
const UNKNOWN_STOP = { signal: 'SIGTERM', graceMs: 10_000 } as const;

/** How to stop what is left in a place that is on no list: as the current release wants it, or the newest that knows its service. */
export const stopLeft = (
  stack: Name,
  place: InstancePlace,
  { store }: Pick<SupervisorOptions, 'store'>,
): StopRequest => {
  const { releases } = store;
  const isMeant = ({ name }: Service): boolean => name === place.service;
  // All of them are long where there are many services, and are asked for last.
  const service =
    releases.current(stack)?.stack.services.find(isMeant) ??
    releases
      .list(stack)
      .flatMap((release) => release.stack.services)
      .find(isMeant);
  return { ref: { stack, id: instanceId(place) }, ...(service?.stop ?? UNKNOWN_STOP) };
};

/**
 * Takes the rows off first, so that no crash brings the instances back, then stops them and everything of their trees.
 * Failure `instance.not-stopped`; the rows stay off, and the next agent tries again.
 */
export const stopPlaces = async (
  stack: Name,
  places: readonly InstancePlace[],
  roster: Roster,
  options: SupervisorOptions,
): Promise<void> => {
  const { store, driver, failed } = options;
  const ids = places.map(instanceId);
  store.instances.remove(stack, ids);
  const known = places.map((place) => roster.find(placeKey(stack, place))).filter((one) => one !== null);
  const unknown = places.filter((place) => !roster.find(placeKey(stack, place)));
  for (const instance of known) instance.dispatch({ input: 'stopAsked' });
  const strangers = unknown.map((place) => stopLeft(stack, place, options));
  await Promise.all([
    ...known.map((instance) => instance.until(({ phase }) => phase === 'idle' || phase === 'ended')),
    strangers.length > 0 ? driver.stop(strangers) : null,
  ]);
  const stuck = known.filter(({ state }) => state.phase !== 'idle');
  for (const place of places) {
    const instance = roster.find(placeKey(stack, place));
    if (!instance || instance.state.phase === 'idle') roster.drop(placeKey(stack, place));
  }
  const [first] = stuck;
  if (first) {
    throw new Failure(
      'instance.not-stopped',
      `Cannot stop "${first.service.name}" (${first.id}): it ${first.state.reason ?? 'is still there'}, nothing of it may be left`,
      {
        fix: `look for its processes: ps -o pid,stat,args --forest -g ${first.state.pid ?? 'PID'}`,
        retryable: true,
      },
    );
  }
  await driver
    .forget(ids.map((id) => ({ stack, id })))
    .catch((error: unknown) => failed('run records of stopped instances could not be removed', error));
};
