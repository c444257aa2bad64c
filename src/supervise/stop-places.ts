import { Failure } from '../model/error.ts';
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import type { StopRequest } from '../ports/driver.ts';
import { placeKey, type Roster } from './roster.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

// For what is left of an instance that nobody can describe any more.
export const UNDESCRIBED_STOP = { signal: 'SIGTERM', graceMs: 10_000 } as const;

/**
 * Takes the rows off first, so that no crash brings the instances back, then stops them and everything of their trees.
 * Failure `instance.not-stopped`; the rows stay off, and the next agent tries again.
 */
export const stopPlaces = async (
  stack: Name,
  places: readonly InstancePlace[],
  roster: Roster,
  { store, driver, failed }: SupervisorOptions,
): Promise<void> => {
  const ids = places.map(instanceId);
  store.instances.remove(stack, ids);
  const known = places.map((place) => roster.find(placeKey(stack, place))).filter((one) => one !== null);
  const unknown = places.filter((place) => !roster.find(placeKey(stack, place)));
  for (const instance of known) instance.dispatch({ input: 'stopAsked' });
  const strangers = unknown.map((place): StopRequest => ({
    ref: { stack, id: instanceId(place) },
    ...UNDESCRIBED_STOP,
  }));
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
