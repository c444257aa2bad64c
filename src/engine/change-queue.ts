import { Turns } from '../kit/turns.ts';
import type { Change } from '../model/change.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import { beginChange, taskOf } from './begin-change.ts';
import { beginQueued, type QueuedDeploy } from './begin-queued.ts';
import type { Hands } from './hands.ts';
import { freeAbandoned } from './hold-lock.ts';
import { Interruption } from './interruption.ts';
import { type RunningChange, runInBackground } from './lane.ts';
import { makePlan, type Planned, planDeploy, readStack } from './make-plan.ts';
import type { Accepted, Patience, PlanRequest } from './plan-request.ts';
import { closeQueued, openQueued, supersede } from './queued-deploy.ts';
import { changeRunning, mustBeCancellable } from './refusals.ts';
import { resumeChange } from './resume-change.ts';

const LOCK_POLL_MS = 1_000;
/** Nobody is refused because of what the agent does by itself; so long is waited for that at least. */
const OWN_CHANGE_MS = 30_000;

/**
 * Takes in what is wanted and runs one change at a time per stack. A deploy that finds one running waits for its turn,
 * and the latest wins; everything else is refused, unless it is told to wait.
 */
export class ChangeQueue {
  readonly #hands: Hands;
  readonly #running = new Map<Name, RunningChange>();
  readonly #queued = new Map<Name, QueuedDeploy>();
  readonly #turns = new Turns();
  readonly #suspension = new AbortController();

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  /** What a change would do. Takes no lock and touches nothing. */
  async plan(request: PlanRequest, signal?: AbortSignal): Promise<Planned> {
    return await makePlan(this.#hands, request, signal);
  }

  /**
   * Resolves as soon as the change is on disk; it then goes on by itself. Refusals: `change.running`, `lock.held`,
   * `lock.not-obtained`, and those of `makePlan`.
   */
  async submit(request: PlanRequest & Patience, by: string): Promise<Accepted> {
    const isDeploy = request.want === 'deploy';
    const stack = isDeploy ? readStack(this.#hands, request.file, request.ref).stack.name : request.stack;
    const { clock } = this.#hands;
    const asked = clock.monotonic();
    const patienceMs = request.waitMs ?? 0;
    const left = (ms: number): number => Math.max(0, asked + ms - clock.monotonic());
    for (;;) {
      const waitMs = left(patienceMs);
      const accepted = await this.#turns.take([stack], async () => {
        const running = this.#running.get(stack);
        if (!running) return await this.#begin(request, { stack, by, waitMs });
        return isDeploy ? await this.#enqueue(request, running, by) : running;
      });
      if ('outcome' in accepted) return accepted;
      const isOwn = accepted.kind === 'retire' && request.want !== 'retire';
      const stayMs = isOwn ? left(Math.max(patienceMs, OWN_CHANGE_MS)) : waitMs;
      if (stayMs <= 0) throw changeRunning(stack, accepted, patienceMs);
      await this.#waitFor(accepted, stayMs);
    }
  }

  /** Asks a change to stop and to undo what it did. Refusals: `change.unknown`, `change.ended`, `change.past-cancel`. */
  async cancel(id: number): Promise<void> {
    const { store } = this.#hands;
    const change = mustBeCancellable(store.journal.get(id), id);
    if (change.state === 'undoing') return;
    if (change.state === 'queued') {
      if (this.#queued.get(change.stack)?.id === id) this.#queued.delete(change.stack);
      return closeQueued(this.#hands, change, {
        state: 'cancelled',
        outcome: 'It was cancelled before its turn came',
      });
    }
    store.journal.requestCancel(id);
    this.#running.get(change.stack)?.cancel();
  }

  /** Once, at the agent's start: goes on with what an earlier agent left unfinished. */
  resume(): void {
    const unfinished = this.#hands.store.journal.unfinished();
    freeAbandoned(this.#hands, new Set(unfinished.map(taskOf)));
    for (const change of unfinished) {
      this.#keepKnown(change);
      if (change.state === 'queued') this.#putInQueue(change, false);
      else this.#watch(change.stack, resumeChange(this.#hands, change, this.#suspension.signal));
    }
    for (const stack of this.#queued.keys()) this.#next(stack);
  }

  /** Resolves when nothing runs for the stack and nothing is in the queue. */
  async idle(stack: Name): Promise<void> {
    for (;;) {
      const busy = this.#running.get(stack)?.ended ?? this.#turns.last(stack);
      if (!busy) return;
      await busy;
    }
  }

  /** For an agent that stops: every change is left where it is, with its lock, for the next agent. */
  async suspend(): Promise<void> {
    this.#suspension.abort(new Interruption('suspended'));
    await this.#turns.allEnded();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #begin(
    request: PlanRequest,
    asked: { readonly stack: Name; readonly by: string; readonly waitMs: number },
  ): Promise<Accepted> {
    const { signal } = this.#suspension;
    const { planned, change, held } = await beginChange(
      this.#hands,
      { ...asked, what: request.want, signal },
      async () => {
        const made = await makePlan(this.#hands, request, signal);
        // Before the change is on disk: nobody could say afterwards which file it came from.
        if (request.want === 'deploy' && made.plan.steps.length > 0)
          this.#remember(asked.stack, request.file.path);
        return made;
      },
    );
    if (!change || !held) return { outcome: 'nothing', ...planned };
    if (request.want === 'deploy') this.#clearQueue(asked.stack, change.id);
    this.#keepKnown(change);
    this.#start(change, held);
    return { outcome: 'started', change, behind: null, warnings: planned.warnings };
  }

  async #enqueue(
    request: Extract<PlanRequest, { readonly want: 'deploy' }>,
    running: RunningChange,
    by: string,
  ): Promise<Accepted> {
    const { stack, warnings } = readStack(this.#hands, request.file, request.ref);
    // What runs now will have changed things by then: planned here as if all were new, and anew in its turn.
    const planned = await planDeploy(
      this.#hands,
      { stack, file: request.file.path, force: true },
      this.#suspension.signal,
    );
    this.#remember(stack.name, request.file.path);
    const change = openQueued(this.#hands, planned.plan, by);
    this.#putInQueue(change, request.force ?? false);
    // What it waits for may have ended meanwhile.
    if (!this.#running.has(stack.name)) this.#next(stack.name);
    return {
      outcome: 'queued',
      change,
      behind: running.id,
      warnings: [...warnings, ...planned.warnings],
    };
  }

  #putInQueue(change: Change, force: boolean): void {
    this.#clearQueue(change.stack, change.id);
    this.#queued.set(change.stack, { id: change.id, force });
  }

  #clearQueue(stack: Name, by: number): void {
    const before = this.#queued.get(stack);
    if (before) supersede(this.#hands, before.id, by);
    this.#queued.delete(stack);
  }

  // The queued deploy's turn, in the background.
  #next(stack: Name): void {
    const { failed } = this.#hands;
    void this.#turns
      .take([stack], () => this.#deployQueued(stack))
      .catch((error: unknown) => failed(`the queued deploy of "${stack}" was not begun`, error));
  }

  async #deployQueued(stack: Name): Promise<void> {
    const { signal } = this.#suspension;
    const queued = this.#queued.get(stack);
    if (!queued || this.#running.has(stack) || signal.aborted) return;
    const begun = await beginQueued(this.#hands, queued, signal);
    if (begun === 'later') {
      // It stays in the queue, where a later one can still take its place.
      const later = this.#hands.clock.sleep(LOCK_POLL_MS, signal).then(() => this.#next(stack));
      return void later.catch(() => null);
    }
    this.#queued.delete(stack);
    if (begun) this.#start(begun.change, begun.held);
  }

  #start(change: Change, held: LockHeld): void {
    const begun = { change, isResumed: false, hold: async () => held };
    this.#watch(change.stack, runInBackground(this.#hands, begun, this.#suspension.signal));
  }

  #watch(stack: Name, running: RunningChange): void {
    this.#running.set(stack, running);
    void running.ended.then(() => {
      this.#running.delete(stack);
      this.#next(stack);
    });
  }

  #remember(name: Name, file: string): void {
    const { stacks } = this.#hands.store;
    stacks.put({ name, file, scale: stacks.get(name)?.scale ?? {} });
  }

  // What runs has to be on the list of stacks: after `down` a `start` or `rollback` brings it back there.
  #keepKnown({ stack, plan }: Change): void {
    const { stacks } = this.#hands.store;
    if (plan.kind === 'down' || plan.kind === 'retire' || stacks.get(stack)) return;
    stacks.put({ name: stack, file: '', scale: {} });
  }

  async #waitFor(running: RunningChange, waitMs: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#suspension.signal]);
    const elapsed = this.#hands.clock.sleep(waitMs, signal).catch(() => null);
    await Promise.race([running.ended, elapsed]);
    over.abort();
    this.#suspension.signal.throwIfAborted();
  }
}
