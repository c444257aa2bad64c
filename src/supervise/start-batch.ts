import { messageOf } from '../kit/message-of.ts';
import { Defect, type ErrorParts, Failure, isReported } from '../model/error.ts';
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import type { DesiredInstance } from '../ports/store.ts';
import type { Instance } from './instance.ts';
import type { InstanceState } from './instance-state.ts';
import { placeKey, type Roster } from './roster.ts';
import { stopPlaces } from './stop-places.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

export type Batch = {
  readonly stack: Name;
  readonly release: number;
  readonly places: readonly InstancePlace[];
};

/**
 * Describes, writes the rows, then starts: killed in between, the next agent finds the rows and starts them. Where one
 * does not start, the whole batch is taken back.
 */
export const startBatch = async (batch: Batch, roster: Roster, options: SupervisorOptions): Promise<void> => {
  const rows = assembleRows(batch, options);
  const described = rows.map((row) => options.describe(batch.stack, row));
  try {
    await clearOthers(batch, rows, roster, options);
    options.store.instances.put(batch.stack, rows);
    const instances = rows.map((row, at) => {
      const present = roster.find(placeKey(batch.stack, row));
      if (!present) return roster.add(batch.stack, row, described[at]!);
      present.desired = row;
      return present;
    });
    for (const instance of instances) instance.dispatch({ input: 'startAsked' });
    const isOver = ({ phase }: InstanceState): boolean => phase !== 'launching' && phase !== 'replacing';
    await Promise.all(instances.map((instance) => instance.until(isOver)));
    const unstarted = instances.filter(({ state }) => state.startError !== null && state.phase !== 'running');
    if (unstarted.length > 0) throw notStarted(unstarted, instances.length);
  } catch (error) {
    // The agent stops, and nothing failed: the rows stay, and the next agent goes on.
    if (isReported(error) && error.report.code === 'supervision.closed') throw error;
    throw await takeBack(error, batch, roster, options);
  }
};

const assembleRows = (
  { stack, release: id, places }: Batch,
  { store, fingerprints }: SupervisorOptions,
): readonly DesiredInstance[] => {
  const release = store.releases.get(stack, id);
  if (!release) throw new Defect(`release ${id} of stack "${stack}" is not on record`);
  const ports = store.ports.of(stack);
  const ofServices = fingerprints(release);
  return places.map((place) => {
    const service = release.stack.services.find(({ name }) => name === place.service);
    if (!service) throw new Defect(`release ${id} of stack "${stack}" has no service "${place.service}"`);
    const { slot, seat } = place;
    return {
      service: place.service,
      slot,
      seat,
      release: id,
      fingerprint: ofServices[service.name] ?? '',
      port: service.port === null ? null : (ports[instanceId(place)] ?? null),
      warmUntil: null,
    };
  });
};

// A copy of another release in one of the places has to be gone first.
const clearOthers = async (
  { stack }: Batch,
  rows: readonly DesiredInstance[],
  roster: Roster,
  options: SupervisorOptions,
): Promise<void> => {
  const others = rows.filter((row) => {
    const present = roster.find(placeKey(stack, row))?.desired;
    return present && (present.release !== row.release || present.fingerprint !== row.fingerprint);
  });
  if (others.length > 0) await stopPlaces(stack, others, roster, options);
};

/** Where it is the host that a driver's refusal is about, and not the stack file. */
const HOST_FIX = 'see what the host lacks: reeve doctor';

/** What in the stack file a driver's refusal is about, where it is not the command. */
const KEYS: Readonly<Record<string, string>> = {
  'run.user': 'user',
  'run.limits': 'limits',
  'run.environment': 'env',
};

const notStarted = (unstarted: readonly Instance[], of: number): Failure => {
  const [first] = unstarted;
  const wordsOf = (instance: Instance): string => instance.state.startError?.words ?? '';
  const others = unstarted.slice(1).map((instance) => `${instance.id}: ${wordsOf(instance)}`);
  const code = first!.state.startError?.code ?? '';
  const key = `services.${first!.service.name}.${KEYS[code] ?? 'run'}`;
  const parts: ErrorParts = {
    why: [`${unstarted.length} of ${of} instances could not be started`, ...others].join('; '),
    fix: code === 'run.not-started' ? HOST_FIX : `correct ${key} in the stack file`,
    undone: ['none of these instances is left running'],
  };
  return new Failure(
    'instance.not-started',
    `Cannot start "${first!.service.name}" (${first!.id}): ${wordsOf(first!)}`,
    parts,
  );
};

const takeBack = async (
  error: unknown,
  { stack, places }: Batch,
  roster: Roster,
  options: SupervisorOptions,
): Promise<unknown> => {
  try {
    await stopPlaces(stack, places, roster, options);
    return error;
  } catch (second) {
    if (!(error instanceof Failure)) return error;
    const { code, message, kind: _kind, ...parts } = error.report;
    return new Failure(code, message, { ...parts, undone: [], notUndone: [messageOf(second)], cause: error });
  }
};
