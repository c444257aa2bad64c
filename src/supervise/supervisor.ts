import { Turns } from '../kit/turns.ts';
import { Defect } from '../model/error.ts';
import type { Exit, InstanceStatus } from '../model/health.ts';
import { instanceId, type InstancePlace, type Name } from '../model/names.ts';
import { runKey, type RunRef } from '../ports/driver.ts';
import type { BakeOutcome, GateOutcome, Supervision } from '../ports/supervision.ts';
import { adoptRows, findOrphans } from './adopt-rows.ts';
import { passGate } from './pass-gate.ts';
import { placeKey, Roster } from './roster.ts';
import { startBatch } from './start-batch.ts';
import { stopPlaces } from './stop-places.ts';
import type { SupervisorOptions } from './supervisor-options.ts';
import { UsageSampler } from './usage-sampler.ts';
import { WarmDeadlines } from './warm-deadlines.ts';
import { type WatchOptions, watchInstances } from './watch-instances.ts';

/** Keeps up what the store's rows say. Its own death stops nothing: the next one adopts. */
export class Supervisor implements Supervision {
  readonly #options: SupervisorOptions;
  readonly #roster: Roster;
  /** One call at a time per place. */
  readonly #turns = new Turns();
  readonly #usage: UsageSampler;
  readonly #warm: WarmDeadlines;
  readonly #closing = new AbortController();
  #unsubscribe: () => void = () => {};
  #isOpen = false;

  constructor(options: SupervisorOptions) {
    const { clock, driver, publish, failed } = options;
    this.#options = options;
    this.#roster = new Roster({
      ...options,
      publish: (event) => {
        publish(event);
        if (event.event === 'instance.started' || event.event === 'instance.adopted') this.#usage.arm();
      },
    });
    this.#warm = new WarmDeadlines(options, this.#roster);
    this.#usage = new UsageSampler({ clock, driver, failed, instances: () => this.#roster.all() });
  }

  /**
   * Once, before anything else: adopts what runs, starts again what ended meanwhile, and stops what is no longer meant
   * to run. Resolves when all is adopted; starts and stops go on behind it, and calls for the same place wait for them.
   */
  async open(): Promise<void> {
    const { driver, store } = this.#options;
    const early: { readonly ref: RunRef; readonly exit: Exit }[] = [];
    const exited = (ref: RunRef, exit: Exit): void =>
      this.#roster.find(runKey(ref))?.dispatch({ input: 'exited', exit });
    this.#unsubscribe = driver.onExit((ref, exit) => {
      if (this.#isOpen) exited(ref, exit);
      else early.push({ ref, exit });
    });
    const facts = await driver.adopt();
    adoptRows(store.instances.list(null), facts, this.#roster, this.#options);
    this.#isOpen = true;
    for (const { ref, exit } of early) exited(ref, exit);
    for (const { stack, place } of findOrphans(facts, this.#roster)) void this.#stopOrphan(stack, place);
  }

  async start(
    stack: Name,
    release: number,
    places: readonly InstancePlace[],
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#inTurn(stack, places, () => {
      signal?.throwIfAborted();
      return startBatch({ stack, release, places }, this.#roster, this.#options);
    });
  }

  async stop(stack: Name, places: readonly InstancePlace[]): Promise<void> {
    await this.#inTurn(stack, places, () => stopPlaces(stack, places, this.#roster, this.#options));
  }

  async passGate(
    stack: Name,
    place: InstancePlace,
    options: { readonly signal?: AbortSignal; readonly progressed?: (words: string) => void } = {},
  ): Promise<GateOutcome> {
    return await passGate(this.#roster.get(stack, place), options, this.#watchTools);
  }

  async watch(stack: Name, places: readonly InstancePlace[], options: WatchOptions): Promise<BakeOutcome> {
    const instances = places.map((place) => this.#roster.get(stack, place));
    return await watchInstances(instances, options, this.#watchTools);
  }

  setWarm(stack: Name, places: readonly InstancePlace[], untilMs: number | null): void {
    this.#warm.set(stack, places, untilMs);
  }

  followClock(): void {
    this.#warm.follow();
  }

  /** From memory, at once; RSS and CPU as of the last sample. */
  status(stack: Name): readonly InstanceStatus[] {
    return this.#roster.statuses(stack, (key) => this.#usage.of(key));
  }

  /** Samples memory and CPU now where the last sample is older than `maxAgeMs`: before a `status` that people will see. */
  async refreshUsage(maxAgeMs = 1000): Promise<void> {
    await this.#usage.refresh(maxAgeMs);
  }

  /** Ends every watching and waiting. What runs goes on; a restart that was due comes with the next agent. */
  close(): void {
    this.#closing.abort();
    this.#unsubscribe();
    this.#usage.close();
    this.#roster.close();
  }

  async #inTurn(stack: Name, places: readonly InstancePlace[], work: () => Promise<void>): Promise<void> {
    if (!this.#isOpen) throw new Defect('supervision was used before it was open');
    if (places.length === 0) return;
    const keys = places.map((place) => placeKey(stack, place));
    await this.#turns.take(keys, work);
  }

  async #stopOrphan(stack: Name, place: InstancePlace): Promise<void> {
    try {
      await this.stop(stack, [place]);
    } catch (error) {
      const words = `"${instanceId(place)}" of stack "${stack}" is not meant to run and could not be stopped`;
      this.#options.failed(words, error);
    }
  }

  get #watchTools() {
    const { clock, logBook, listeningPorts, findStranger } = this.#options;
    return { clock, logBook, listeningPorts, findStranger, closing: this.#closing.signal };
  }
}
