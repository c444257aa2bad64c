// Runs programs by itself, on any Linux: each under a shim that outlives the agent. It promises that what it started can
// be found, watched and ended completely, by whichever agent comes next. It must never know what a run means: services,
// releases and restarts are supervision's business.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Turns } from '../../kit/turns.ts';
import type { Exit } from '../../model/health.ts';
import { isName, type Name } from '../../model/names.ts';
import {
  type Driver,
  type DriverCapabilities,
  type RunFact,
  runKey,
  type RunRef,
  type RunSpec,
  type StartOutcome,
  type StopOutcome,
  type StopRequest,
  type Usage,
} from '../../ports/driver.ts';
import { adoptRuns } from './adopt-runs.ts';
import { removeGroups, sendTo } from './end-tree.ts';
import {
  assembleHouse,
  type EmbeddedDriverOptions,
  findHostMeans,
  type HostMeans,
  type House,
} from './house.ts';
import { measureRuns } from './measure-runs.ts';
import type { Run } from './run.ts';
import { startRuns } from './start-runs.ts';
import { stopRun } from './stop-run.ts';

/** Failure `driver.tool-missing` where the host lacks what nothing runs without. */
export const openEmbeddedDriver = async (options: EmbeddedDriverOptions): Promise<Driver> =>
  new EmbeddedDriver(options, await findHostMeans(options));

const SWEEP_MS = 2000;
/** Only one in so many asks /proc, which for 300 runs is most of what an idle agent would do. */
const THOROUGH_SWEEPS = 5;

class EmbeddedDriver implements Driver {
  readonly capabilities: DriverCapabilities;
  readonly #house: House;
  readonly #turns = new Turns();
  readonly #listeners = new Set<(ref: RunRef, exit: Exit) => void>();
  /** Resolve when a start has been made: only then may it be told that it ended. */
  readonly #starting = new Map<string, Promise<void>>();
  readonly #stacks: string;
  #adopted: Promise<void> | null = null;
  #isKnown = false;
  #stopSweep: () => void = () => {};

  constructor(options: EmbeddedDriverOptions, means: HostMeans) {
    this.#house = assembleHouse(options, means, (run, exit) => this.#ended(run, exit));
    this.capabilities = this.#house.capabilities;
    this.#stacks = join(options.layout.home, 'stacks');
    this.#sweep();
  }

  async start(specs: readonly RunSpec[]): Promise<readonly StartOutcome[]> {
    await this.#known();
    const keys = specs.map(runKey);
    return await this.#turns.take(keys, async () => {
      const { promise: made, resolve } = Promise.withResolvers<void>();
      for (const key of keys) this.#starting.set(key, made);
      try {
        return await startRuns(specs, this.#house);
      } finally {
        for (const key of keys) this.#starting.delete(key);
        resolve();
      }
    });
  }

  async stop(requests: readonly StopRequest[]): Promise<readonly StopOutcome[]> {
    await this.#known();
    const stops = await Promise.allSettled(
      requests.map((request) =>
        this.#turns.take([runKey(request.ref)], async (): Promise<StopOutcome> => {
          const run = this.#house.runs.get(runKey(request.ref));
          if (run) return await stopRun(run, request, this.#house);
          return { ref: request.ref, outcome: 'was-not-running', exit: null, strays: 0 };
        }),
      ),
    );
    // One that can not be stopped keeps none of the others from it.
    return stops.map((stop) => {
      if (stop.status === 'rejected') throw stop.reason;
      return stop.value;
    });
  }

  async signal(ref: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    await this.#known();
    const run = this.#house.runs.get(runKey(ref));
    run?.check();
    if (!run?.isRunning || !run.process) return false;
    sendTo([run.process], signal);
    return true;
  }

  async forget(refs: readonly RunRef[]): Promise<void> {
    await this.#known();
    await this.#turns.take(refs.map(runKey), async () => {
      for (const ref of refs) this.#forgetRun(ref);
    });
  }

  async observe(stack: Name | null): Promise<readonly RunFact[]> {
    await this.#known();
    return this.#facts(stack);
  }

  /** Those that had ended before are in the answer and are not told to `onExit` any more. */
  async adopt(): Promise<readonly RunFact[]> {
    await this.#known();
    return this.#facts(null);
  }

  onExit(ended: (ref: RunRef, exit: Exit) => void): () => void {
    const listener = (ref: RunRef, exit: Exit): void => ended(ref, exit);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async usage(): Promise<ReadonlyMap<string, Usage>> {
    await this.#known();
    return measureRuns([...this.#house.runs.values()].filter((run) => run.isRunning));
  }

  async close(): Promise<void> {
    this.#stopSweep();
    this.#listeners.clear();
    for (const run of this.#house.runs.values()) run.close();
    this.#house.cgroups.close();
  }

  // Nothing is answered before what is on disk is known: a run that nobody remembers would be started twice.
  #known(): Promise<void> {
    this.#adopted ??= adoptRuns(this.#stacks, this.#house).then(() => void (this.#isKnown = true));
    return this.#adopted;
  }

  #facts(stack: Name | null): readonly RunFact[] {
    return [...this.#house.runs.values()]
      .filter((run) => run.state !== 'starting' && (stack === null || run.record.stack === stack))
      .map((run) => run.fact());
  }

  #forgetRun(ref: RunRef): void {
    const run = this.#house.runs.get(runKey(ref));
    if (run?.isRunning || !isName(ref.stack) || !isName(ref.id)) return;
    if (run) removeGroups(run);
    run?.close();
    this.#house.runs.delete(runKey(ref));
    rmSync(this.#house.folderOf(ref), { recursive: true, force: true });
  }

  #ended(run: Run, exit: Exit): void {
    // What ended before `adopt` answered is in its answer.
    if (!this.#isKnown) return;
    const made = this.#starting.get(runKey(run.ref));
    if (!made) return this.#tell(run.ref, exit);
    // After whoever awaits that start has gone on.
    void made.then(() => setImmediate(() => this.#tell(run.ref, exit)));
  }

  #tell(ref: RunRef, exit: Exit): void {
    for (const listener of this.#listeners) listener(ref, exit);
  }

  // The backstop for what no event tells: the end of a program whose shim was killed.
  #sweep(nth = 1): void {
    this.#stopSweep = this.#house.clock.timer(SWEEP_MS, () => {
      const isThorough = nth % THOROUGH_SWEEPS === 0;
      for (const run of this.#house.runs.values()) {
        if (run.needsLooking && (isThorough || !run.seemsAlive)) run.check();
      }
      this.#sweep(nth + 1);
    });
  }
}
