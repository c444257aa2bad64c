import {
  type Driver,
  runKey,
  type RunRef,
  type RunSpec,
  type StartOutcome,
  type StopOutcome,
  type StopRequest,
} from '../ports/driver.ts';

type Waiting<In, Out> = { readonly item: In; readonly settle: PromiseWithResolvers<Out> };

/**
 * Starts and stops that are asked for in the same turn go to the driver as one call each: it looks through the host's
 * processes once for all of them. A lone one waits for nothing.
 */
export class RunBatch {
  readonly #driver: Driver;
  readonly #prepare: ((spec: RunSpec) => Promise<void>) | null;
  #starts: Waiting<RunSpec, StartOutcome>[] = [];
  #stops: Waiting<StopRequest, StopOutcome>[] = [];

  /** `prepare` is called for each spec before the driver starts it, and never rejects. */
  constructor(driver: Driver, prepare: ((spec: RunSpec) => Promise<void>) | null = null) {
    this.#driver = driver;
    this.#prepare = prepare;
  }

  start(spec: RunSpec): Promise<StartOutcome> {
    const settle = Promise.withResolvers<StartOutcome>();
    if (this.#starts.push({ item: spec, settle }) === 1) queueMicrotask(() => this.#flushStarts());
    return settle.promise;
  }

  stop(request: StopRequest): Promise<StopOutcome> {
    const settle = Promise.withResolvers<StopOutcome>();
    if (this.#stops.push({ item: request, settle }) === 1) queueMicrotask(() => this.#flushStops());
    return settle.promise;
  }

  #flushStarts(): void {
    const batch = this.#starts;
    this.#starts = [];
    const specs = batch.map(({ item }) => item);
    deliver(batch, this.#start(specs), ({ item }) => runKey(item));
  }

  #start(specs: readonly RunSpec[]): Promise<readonly StartOutcome[]> {
    if (!this.#prepare) return this.#driver.start(specs);
    return Promise.all(specs.map(this.#prepare)).then(() => this.#driver.start(specs));
  }

  #flushStops(): void {
    const batch = this.#stops;
    this.#stops = [];
    const stop = (asked: readonly Waiting<StopRequest, StopOutcome>[], failed?: () => void): void =>
      deliver(
        asked,
        this.#driver.stop(asked.map(({ item }) => item)),
        ({ item }) => runKey(item.ref),
        failed,
      );
    // The failure of one says nothing of the others: asked again one by one, those are gone already.
    if (batch.length === 1) stop(batch);
    else stop(batch, () => batch.forEach((one) => stop([one])));
  }
}

/** `failed`: called in place of telling everybody that it failed. */
const deliver = <In, Out extends { readonly ref: RunRef }>(
  batch: readonly Waiting<In, Out>[],
  answer: Promise<readonly Out[]>,
  keyOf: (waiting: Waiting<In, Out>) => string,
  failed?: () => void,
): void => {
  answer.then(
    (outcomes) => {
      const byKey = new Map(outcomes.map((outcome) => [runKey(outcome.ref), outcome]));
      for (const waiting of batch) {
        const outcome = byKey.get(keyOf(waiting));
        if (outcome) waiting.settle.resolve(outcome);
        else waiting.settle.reject(new Error(`the driver gave no answer for ${keyOf(waiting)}`));
      }
    },
    (error: unknown) => {
      if (failed) return failed();
      for (const { settle } of batch) settle.reject(error);
    },
  );
};
