// A host of scripted programs on a virtual clock. `FakeHost` is the machine: what runs on it goes on when the agent's
// side of the driver (`openDriver`) crashes, and the next one adopts it.
import { basename } from 'node:path';
import { Failure } from '../../src/model/error.ts';
import type { Exit } from '../../src/model/health.ts';
import { isName, type Name } from '../../src/model/names.ts';
import type { Clock } from '../../src/ports/clock.ts';
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
} from '../../src/ports/driver.ts';

/** What a scripted program does. Nothing said: it runs until it is told to end, and ends at once. */
export type Behaviour = {
  /** Milliseconds after its start at which it ends by itself. */
  readonly exitsAfterMs?: number;
  /** How it ends by itself; 0 where nothing is said. */
  readonly exitCode?: number;
  readonly ignores?: readonly NodeJS.Signals[];
  /** Milliseconds between a signal to end and the end, which is then exit code 0. */
  readonly drainMs?: number;
  /** Daemons that it leaves behind. */
  readonly strays?: number;
  readonly failsToStart?: { readonly code: string; readonly words: string };
  readonly rssBytes?: number;
};

type FakeRun = {
  readonly spec: RunSpec;
  readonly behaviour: Behaviour;
  fact: RunFact;
  strays: number;
  /** Received while it ran, in order. */
  readonly signals: NodeJS.Signals[];
  readonly ended: ((exit: Exit) => void)[];
};

type LossyCall = 'start' | 'stop' | 'forget' | 'observe';

/** Of the fake's own making, in order; for assertions about what was done to the host. */
export type HostEvent =
  | { readonly event: 'started' | 'killed-stray'; readonly key: string; readonly at: number }
  | { readonly event: 'ended'; readonly key: string; readonly at: number; readonly exit: Exit }
  | {
      readonly event: 'signalled';
      readonly key: string;
      readonly at: number;
      readonly signal: NodeJS.Signals;
    };

export class FakeHost {
  readonly clock: Clock;
  readonly events: HostEvent[] = [];
  /** How long every call takes to answer, after its effect. */
  latencyMs = 1;
  #behaviourOf: (spec: RunSpec) => Behaviour;
  #boot = 1;
  #nextPid = 100;
  readonly #runs = new Map<string, FakeRun>();
  readonly #losses = new Map<LossyCall, number>();
  #refusals: { key: string | null; code: string; words: string }[] = [];
  #driver: FakeDriver | null = null;

  /** `programs`: behaviours by the program's file name, or a function of the whole spec. */
  constructor(
    clock: Clock,
    programs: Readonly<Record<string, Behaviour>> | ((spec: RunSpec) => Behaviour) = {},
  ) {
    this.clock = clock;
    this.#behaviourOf =
      typeof programs === 'function'
        ? programs
        : (spec) => programs[basename(spec.command.argv[0] ?? '')] ?? {};
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  /** The driver of a new agent. The one before is crashed: none of its calls ever answers again. */
  openDriver(): Driver {
    this.#driver?.crash();
    this.#driver = new FakeDriver(this);
    return this.#driver;
  }

  /** The agent is gone between two instants; the host goes on. */
  crashAgent(): void {
    this.#driver?.crash();
    this.#driver = null;
  }

  /** The next start fails like this: of that run, or of any. */
  failNextStart(failure: { readonly code: string; readonly words: string }, ref: RunRef | null = null): void {
    this.#refusals.push({ key: ref ? runKey(ref) : null, ...failure });
  }

  /** The next `times` calls take effect, and then throw instead of answering. */
  loseAnswers(call: LossyCall, times = 1): void {
    this.#losses.set(call, times);
  }

  /** From outside, as `kill` does. False where it does not run. */
  kill(ref: RunRef, signal: NodeJS.Signals = 'SIGKILL'): boolean {
    const run = this.#runs.get(runKey(ref));
    if (!run || run.fact.state !== 'running') return false;
    this.#deliver(run, signal);
    return true;
  }

  /** Every process ends, unseen; records stay. */
  reboot(): void {
    this.crashAgent();
    this.#boot += 1;
    for (const run of this.#runs.values()) {
      run.strays = 0;
      run.ended.length = 0;
      if (run.fact.state === 'running') run.fact = { ...run.fact, state: 'lost' };
    }
  }

  /** Keys of what runs now, in the order of the alphabet. */
  running(): readonly string[] {
    return [...this.#runs]
      .filter(([, run]) => run.fact.state === 'running')
      .map(([key]) => key)
      .toSorted();
  }

  /** Processes that belong to nobody any more, or will once their program ends. */
  strays(): number {
    return [...this.#runs.values()].reduce((sum, run) => sum + run.strays, 0);
  }

  facts(stack: Name | null): readonly RunFact[] {
    return [...this.#runs.values()]
      .map((run) => run.fact)
      .filter((fact) => stack === null || fact.ref.stack === stack);
  }

  run(ref: RunRef): FakeRun | undefined {
    return this.#runs.get(runKey(ref));
  }

  start(spec: RunSpec): StartOutcome {
    const ref: RunRef = { stack: spec.stack, id: spec.id };
    const failed = (code: string, words: string): StartOutcome => ({ ref, outcome: 'failed', code, words });
    if (!isName(spec.stack) || !isName(spec.id)) return failed('run.name', 'not a name');
    const before = this.#runs.get(runKey(ref));
    if (before?.fact.state === 'running' && before.fact.fingerprint === spec.fingerprint)
      return { ref, outcome: 'already-running', fact: before.fact };
    if (before && (before.fact.state === 'running' || before.strays > 0))
      return failed('run.exists', 'another run is in its place');
    const behaviour = this.#behaviourOf(spec);
    const refusal = this.#takeRefusal(ref) ?? behaviour.failsToStart;
    if (refusal) return failed(refusal.code, refusal.words);
    const run = this.#put(spec, behaviour);
    return { ref, outcome: 'started', fact: run.fact };
  }

  /** Resolves once nothing of it is left. */
  async stop({ ref, signal, graceMs }: StopRequest, isAgentGone: () => boolean): Promise<StopOutcome> {
    const run = this.#runs.get(runKey(ref));
    const was = run?.fact.state === 'running';
    if (!run || (!was && run.strays === 0))
      return { ref, outcome: 'was-not-running', exit: run?.fact.exit ?? null, strays: 0 };
    let killed = run.strays > 0;
    if (was) {
      const ended = new Promise<void>((resolve) => run.ended.push(() => resolve()));
      const cancel = this.clock.timer(graceMs, () => {
        // The grace is the agent's to keep: one that crashed meanwhile kills nobody.
        if (isAgentGone()) return;
        killed = true;
        this.#deliver(run, 'SIGKILL');
      });
      if (graceMs > 0) this.#deliver(run, signal);
      await ended;
      cancel();
    }
    const strays = isAgentGone() ? 0 : run.strays;
    run.strays -= strays;
    for (let at = 0; at < strays; at++) this.#note({ event: 'killed-stray', key: runKey(ref) });
    return { ref, outcome: killed ? 'killed' : 'exited', exit: run.fact.exit, strays };
  }

  forget(ref: RunRef): void {
    const run = this.#runs.get(runKey(ref));
    if (run && run.fact.state !== 'running') this.#runs.delete(runKey(ref));
  }

  /** True where this answer is to be lost. */
  losesAnswer(call: LossyCall): boolean {
    const left = this.#losses.get(call) ?? 0;
    if (left > 0) this.#losses.set(call, left - 1);
    return left > 0;
  }

  #takeRefusal(ref: RunRef): { code: string; words: string } | null {
    const at = this.#refusals.findIndex(({ key }) => key === null || key === runKey(ref));
    return at < 0 ? null : this.#refusals.splice(at, 1)[0]!;
  }

  #put(spec: RunSpec, behaviour: Behaviour): FakeRun {
    const ref: RunRef = { stack: spec.stack, id: spec.id };
    const fact: RunFact = {
      ref,
      state: 'running',
      fingerprint: spec.fingerprint,
      process: { bootId: this.bootId, pid: this.#nextPid++, startTicks: this.#nextPid },
      startedAt: this.clock.now(),
      exit: null,
      stdoutStart: 0,
      stderrStart: 0,
    };
    const run: FakeRun = { spec, behaviour, fact, strays: behaviour.strays ?? 0, signals: [], ended: [] };
    this.#runs.set(runKey(ref), run);
    this.#note({ event: 'started', key: runKey(ref) });
    // Its life begins when the answer is there, so that no end is told before its start.
    if (behaviour.exitsAfterMs !== undefined) {
      this.clock.timer(behaviour.exitsAfterMs + this.latencyMs + 1, () =>
        this.#end(run, behaviour.exitCode ?? 0, null),
      );
    }
    return run;
  }

  #deliver(run: FakeRun, signal: NodeJS.Signals): void {
    const { ignores = [], drainMs } = run.behaviour;
    run.signals.push(signal);
    this.#note({ event: 'signalled', key: runKey(run.spec), signal });
    if (signal === 'SIGKILL') this.#end(run, null, signal);
    else if (HARMLESS.has(signal) || ignores.includes(signal)) return;
    else if (drainMs === undefined) this.#end(run, null, signal);
    else this.clock.timer(drainMs, () => this.#end(run, 0, null));
  }

  #end(run: FakeRun, code: number | null, signal: string | null): void {
    if (run.fact.state !== 'running' || this.#runs.get(runKey(run.spec)) !== run) return;
    const exit: Exit = { code, signal, at: this.clock.now() };
    run.fact = { ...run.fact, state: 'ended', exit };
    this.#note({ event: 'ended', key: runKey(run.spec), exit });
    this.#driver?.tell(run.fact.ref, exit);
    for (const heard of run.ended.splice(0)) heard(exit);
  }

  #note(event: Untimed<HostEvent>): void {
    this.events.push({ ...event, at: this.clock.now() } as HostEvent);
  }
}

type Untimed<T> = T extends unknown ? Omit<T, 'at'> : never;

// A scripted program takes these as its own business, such as reading its settings again.
const HARMLESS = new Set<NodeJS.Signals>(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']);

class FakeDriver implements Driver {
  readonly capabilities: DriverCapabilities = {
    name: 'fake',
    memoryLimit: 'sampled',
    cpuLimit: false,
    taskLimit: false,
    runsAsUser: true,
    survivesReboot: false,
  };
  readonly #host: FakeHost;
  readonly #listeners = new Set<(ref: RunRef, exit: Exit) => void>();
  #isGone = false;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  start(specs: readonly RunSpec[]): Promise<readonly StartOutcome[]> {
    return this.#answer('start', () => specs.map((spec) => this.#host.start(spec)));
  }

  stop(requests: readonly StopRequest[]): Promise<readonly StopOutcome[]> {
    return this.#answer('stop', () =>
      Promise.all(requests.map((request) => this.#host.stop(request, () => this.#isGone))),
    );
  }

  signal(ref: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    return this.#answer(null, () => this.#host.kill(ref, signal));
  }

  forget(refs: readonly RunRef[]): Promise<void> {
    return this.#answer('forget', () => refs.forEach((ref) => this.#host.forget(ref)));
  }

  observe(stack: Name | null): Promise<readonly RunFact[]> {
    return this.#answer('observe', () => this.#host.facts(stack));
  }

  adopt(): Promise<readonly RunFact[]> {
    return this.#answer(null, () => this.#host.facts(null));
  }

  onExit(ended: (ref: RunRef, exit: Exit) => void): () => void {
    const listener = (ref: RunRef, exit: Exit): void => ended(ref, exit);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  usage(): Promise<ReadonlyMap<string, Usage>> {
    return this.#answer(null, () => {
      const now = this.#host.clock.now();
      const running = this.#host.facts(null).filter((fact) => fact.state === 'running');
      return new Map(
        running.map((fact) => {
          const rssBytes = this.#host.run(fact.ref)?.behaviour.rssBytes ?? 10 << 20;
          return [runKey(fact.ref), { rssBytes, cpuMs: (now - fact.startedAt) / 100 }] as const;
        }),
      );
    });
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  crash(): void {
    this.#isGone = true;
    this.#listeners.clear();
  }

  tell(ref: RunRef, exit: Exit): void {
    for (const listener of this.#listeners) listener(ref, exit);
  }

  async #answer<T>(call: LossyCall | null, effect: () => T | Promise<T>): Promise<T> {
    if (this.#isGone) return await NEVER;
    const isLost = call !== null && this.#host.losesAnswer(call);
    const value = await effect();
    await this.#host.clock.sleep(this.#host.latencyMs);
    if (this.#isGone) return await NEVER;
    if (isLost) throw new Failure('run.not-started', `Cannot ${call}: the answer of the host was lost`);
    return value;
  }
}

const NEVER = new Promise<never>(() => {});
