import { Failure } from '../model/error.ts';
import type { InstanceStatus } from '../model/health.ts';
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import { runKey, type RunSpec } from '../ports/driver.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { Instance } from './instance.ts';
import { describeStatus, describeUnreadable, type UsageShare } from './instance-status.ts';
import type { DescribedInstance, InstanceTools } from './instance-tools.ts';
import { ProbeLoop } from './probe-loop.ts';
import { RunBatch } from './run-batch.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

export type Row = DesiredInstance & { readonly stack: Name };

export const placeKey = (stack: Name, place: InstancePlace): string =>
  runKey({ stack, id: instanceId(place) });

/** The instances that supervision has, by place. */
export class Roster {
  readonly #probes: ProbeLoop;
  readonly #tools: InstanceTools;
  readonly #instances = new Map<string, Instance>();
  /** Rows that could not be described, and why: they are shown, and left alone. */
  readonly #unreadable = new Map<string, { readonly row: Row; readonly words: string }>();

  constructor(options: SupervisorOptions) {
    const { clock, random, driver, redactor, publish, prober } = options;
    this.#probes = new ProbeLoop({ clock, prober });
    const { prepareStart, failed } = options;
    const prepare = async (spec: RunSpec): Promise<void> =>
      prepareStart?.(spec).catch((error: unknown) => failed(`before the start of "${spec.id}"`, error));
    const runs = new RunBatch(driver, prepareStart ? prepare : null);
    this.#tools = { clock, random, driver, redactor, publish, runs, probes: this.#probes };
  }

  all(): IterableIterator<Instance> {
    return this.#instances.values();
  }

  has(key: string): boolean {
    return this.#instances.has(key) || this.#unreadable.has(key);
  }

  find(key: string): Instance | null {
    return this.#instances.get(key) ?? null;
  }

  /** Failure `instance.unknown` where the place is not meant to run. */
  get(stack: Name, place: InstancePlace): Instance {
    const instance = this.find(placeKey(stack, place));
    if (instance) return instance;
    throw new Failure(
      'instance.unknown',
      `Cannot watch "${instanceId(place)}": it is not running, an instance that is meant to run is required`,
    );
  }

  add(stack: Name, desired: DesiredInstance, described: DescribedInstance): Instance {
    const instance = new Instance(stack, desired, described, this.#tools);
    this.#instances.set(instance.key, instance);
    this.#unreadable.delete(instance.key);
    return instance;
  }

  addUnreadable(row: Row, words: string): void {
    this.#unreadable.set(placeKey(row.stack, row), { row, words });
  }

  /** Of one stack, by place. `usageOf`: of a run, by its key. */
  statuses(stack: Name, usageOf: (key: string) => UsageShare | null): readonly InstanceStatus[] {
    const instances = [...this.all()].filter((instance) => instance.stack === stack);
    const unreadable = [...this.#unreadable.values()].filter(({ row }) => row.stack === stack);
    return [
      ...instances.map(({ desired, state, key }) => describeStatus(desired, state, usageOf(key))),
      ...unreadable.map(({ row, words }) => describeUnreadable(row, words)),
    ].toSorted((a, b) => BY_NUMBER.compare(a.id, b.id));
  }

  drop(key: string): void {
    this.find(key)?.close();
    this.#instances.delete(key);
    this.#unreadable.delete(key);
  }

  /** Nothing is asked or started any more. */
  close(): void {
    this.#probes.close();
    for (const instance of this.all()) instance.close();
  }
}

const BY_NUMBER = new Intl.Collator('en', { numeric: true });
