import { ageMsOf } from '../kit/process-identity.ts';
import { wordsOf } from '../model/error.ts';
import type { Exit, ProbeAnswer } from '../model/health.ts';
import { instanceId, type InstanceId, type Name } from '../model/names.ts';
import type { Service } from '../model/stack.ts';
import { type RunFact, runKey, type RunRef, type StopRequest } from '../ports/driver.ts';
import type { ProbeTarget } from '../ports/prober.ts';
import type { DesiredInstance } from '../ports/store.ts';
import { step } from './instance-machine.ts';
import {
  IDLE,
  type InstanceCommand,
  type InstanceInput,
  type InstanceNews,
  type InstanceState,
  type TimerName,
} from './instance-state.ts';
import type { DescribedInstance, InstanceTools } from './instance-tools.ts';
import { launchRun } from './launch-run.ts';
import { supervisionClosed } from './words.ts';

/** One desired instance: its state, and the hands that carry out what its machine asks for. */
export class Instance {
  readonly stack: Name;
  readonly id: InstanceId;
  readonly described: DescribedInstance;
  /** Its row in the store. */
  desired: DesiredInstance;
  readonly #tools: InstanceTools;
  readonly #timers = new Map<TimerName, () => void>();
  readonly #listeners = new Set<() => void>();
  #state: InstanceState = IDLE;
  #fact: RunFact | null = null;
  #isClosed = false;

  constructor(stack: Name, desired: DesiredInstance, described: DescribedInstance, tools: InstanceTools) {
    this.stack = stack;
    this.id = instanceId(desired);
    this.desired = desired;
    this.described = described;
    this.#tools = tools;
  }

  get ref(): RunRef {
    return { stack: this.stack, id: this.id };
  }

  get key(): string {
    return runKey(this.ref);
  }

  get state(): InstanceState {
    return this.#state;
  }

  get service(): Service {
    return this.described.service;
  }

  /** The output files, and where this start's own output begins in them. */
  get outputs(): readonly { readonly path: string; readonly stream: 'out' | 'err'; readonly from: number }[] {
    const { stdoutPath, stderrPath } = this.described.spec;
    return [
      { path: stdoutPath, stream: 'out', from: this.#fact?.stdoutStart ?? 0 },
      { path: stderrPath, stream: 'err', from: this.#fact?.stderrStart ?? 0 },
    ];
  }

  dispatch(input: InstanceInput): void {
    if (this.#isClosed) return;
    const { clock, random } = this.#tools;
    const moment = { at: clock.monotonic(), now: clock.now(), jitter: random() };
    const rules = { health: this.service.health, restart: this.service.restart };
    const { state, commands } = step(this.#state, input, rules, moment);
    this.#state = state;
    for (const command of commands) this.#carryOut(command);
    this.#changed();
  }

  /** Takes over a run that an earlier agent, or an earlier call, started. */
  adopt(fact: RunFact): void {
    this.#fact = fact;
    const age = ageMsOf(fact.process) ?? Math.max(0, this.#tools.clock.now() - fact.startedAt);
    const pid = fact.process?.pid ?? null;
    this.dispatch({ input: 'started', pid, startedAt: fact.startedAt, isAdopted: true, age });
  }

  /** Calls `changed` after every input; the answer ends that. */
  listen(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Resolves as soon as `holds` does, perhaps at once. Failure `supervision.closed` when the agent stops first. */
  async until(holds: (state: InstanceState) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds(this.#state)) resolve();
      else if (this.#isClosed) reject(supervisionClosed(this.id));
    };
    const unlisten = this.listen(look);
    look();
    await promise.finally(unlisten);
  }

  /** Nothing is asked or started any more; what runs goes on. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #carryOut(command: InstanceCommand): void {
    switch (command.do) {
      case 'start-run':
        void this.#startRun();
        return;
      case 'stop-run':
        void this.#stopRun();
        return;
      case 'verify-run':
        void this.#verifyRun(command.exit);
        return;
      case 'probe':
        this.#scheduleProbe(command.inMs);
        return;
      case 'stop-probing':
        this.#tools.probes.cancel(this.key);
        return;
      case 'set-timer':
        this.#setTimer(command.timer, command.ms);
        return;
      case 'clear-timer':
        this.#clearTimer(command.timer);
        return;
      case 'publish':
        this.#publish(command.news);
        return;
    }
  }

  async #startRun(): Promise<void> {
    const { runs, redactor } = this.#tools;
    const isWanted = (): boolean => this.#state.phase === 'launching';
    const outcome = await launchRun({ runs, spec: this.described.spec, stop: this.#stopRequest, isWanted });
    switch (outcome.outcome) {
      case 'failed':
        this.dispatch({ input: 'startFailed', code: outcome.code, words: redactor.redact(outcome.words) });
        return;
      case 'already-running':
        this.adopt(outcome.fact);
        return;
      case 'started': {
        const { fact } = outcome;
        this.#fact = fact;
        const pid = fact.process?.pid ?? null;
        this.dispatch({ input: 'started', pid, startedAt: fact.startedAt, isAdopted: false, age: 0 });
        if (fact.state !== 'running') this.#ended(fact.exit);
      }
    }
  }

  async #stopRun(): Promise<void> {
    try {
      const { exit } = await this.#tools.runs.stop(this.#stopRequest);
      this.dispatch({ input: 'stopDone', exit });
    } catch (error) {
      this.dispatch({ input: 'stopFailed', words: wordsOf(error) });
    }
  }

  // Where the driver can not say, the news is believed: starting what runs is harmless, missing an end is not.
  async #verifyRun(told: Exit): Promise<void> {
    const { run } = this.#state;
    const facts = await this.#tools.driver.observe(this.stack).catch(() => []);
    const fact = facts.find(({ ref }) => ref.id === this.id);
    if (fact?.state !== 'running' && this.#state.run === run) this.#ended(fact?.exit ?? told);
  }

  #ended(exit: Exit | null): void {
    const known = exit ?? { code: null, signal: null, at: this.#tools.clock.now() };
    this.dispatch({ input: 'exited', exit: known, isCertain: true });
  }

  get #stopRequest(): StopRequest {
    const { signal, graceMs } = this.service.stop;
    return { ref: this.ref, signal, graceMs };
  }

  #scheduleProbe(inMs: number): void {
    const target = this.#probeTarget();
    const { run } = this.#state;
    if (!target) return;
    const answered = (answer: ProbeAnswer): void => this.dispatch({ input: 'probeAnswered', run, answer });
    this.#tools.probes.schedule(this.key, { target, answered }, inMs);
  }

  #probeTarget(): ProbeTarget | null {
    const { spec, service } = this.described;
    const { probe, timeoutMs } = service.health;
    if (!probe) return null;
    const { workingFolder, env, user } = spec;
    return { probe, port: this.desired.port, timeoutMs, workingFolder, env, user, outputs: this.outputs };
  }

  #setTimer(timer: TimerName, ms: number): void {
    this.#clearTimer(timer);
    const input = timer === 'backoff' ? 'backoffElapsed' : 'readinessElapsed';
    this.#timers.set(
      timer,
      this.#tools.clock.timer(ms, () => {
        this.#timers.delete(timer);
        this.dispatch({ input });
      }),
    );
  }

  #clearTimer(timer: TimerName): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  #publish(news: InstanceNews): void {
    this.#tools.publish({ ...news, at: this.#tools.clock.now(), stack: this.stack, instance: this.id });
  }
}
