import { type Change, isEnded } from '../model/change.ts';
import { Refusal } from '../model/error.ts';
import type { LockHeld } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { hasBegunToFinish } from './execute-change.ts';
import type { Hands } from './hands.ts';
import { freeLock, holdLock, lockHeld, tryLock } from './hold-lock.ts';
import { Interruption } from './interruption.ts';
import { type RunningChange, runInBackground } from './lane.ts';
import { makePlan, overdue, type Planned, planDeploy, readStack } from './make-plan.ts';
import type { Patience, PlanRequest } from './plan-request.ts';
import { closeQueued, deployOfQueued, openQueued, supersede } from './queued-deploy.ts';

export type Accepted =
  | { readonly outcome: 'nothing'; readonly plan: Plan; readonly warnings: readonly Problem[] }
  | {
      readonly outcome: 'started' | 'queued';
      readonly change: Change;
      /** The change it waits for. */
      readonly behind: number | null;
      readonly warnings: readonly Problem[];
    };

/**
 * Takes in what is wanted and runs one change at a time per stack. A deploy that finds one running waits for its turn,
 * and the latest wins; everything else is refused, unless it is told to wait.
 */
export class ChangeQueue {
  readonly #hands: Hands;
  readonly #running = new Map<Name, RunningChange>();
  readonly #queued = new Map<Name, { readonly id: number; readonly force: boolean }>();
  readonly #turns = new Map<Name, Promise<unknown>>();
  readonly #suspension = new AbortController();

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  /** What a change would do. Takes no lock and touches nothing. */
  async plan(request: PlanRequest, signal?: AbortSignal): Promise<Planned> {
    return await makePlan(this.#hands, request, signal);
  }

  /** Resolves as soon as the change is on disk; it then goes on by itself. Refusals: see `makePlan`, `holdLock`, `change.running`. */
  async submit(request: PlanRequest & Patience, by: string): Promise<Accepted> {
    const stack =
      request.want === 'deploy'
        ? readStack(this.#hands, request.file, request.ref).stack.name
        : request.stack;
    const { clock } = this.#hands;
    const deadline = clock.monotonic() + (request.waitMs ?? 0);
    for (;;) {
      const waitMs = Math.max(0, deadline - clock.monotonic());
      const accepted = await this.#inTurn(stack, async () => {
        const running = this.#running.get(stack);
        if (!running) return await this.#begin(request, { stack, by, waitMs });
        return request.want === 'deploy' ? await this.#enqueue(request, running, by) : running;
      });
      if ('outcome' in accepted) return accepted;
      if (waitMs <= 0) throw changeRunning(stack, accepted, request.waitMs ?? 0);
      await this.#waitFor(accepted, waitMs);
    }
  }

  /** Asks a change to stop and undo what it did. Refusals: `change.unknown`, `change.ended`, `change.past-cancel`. */
  async cancel(id: number): Promise<void> {
    const { store } = this.#hands;
    const change = store.journal.get(id);
    if (!change) throw new Refusal('change.unknown', `Cannot cancel change ${id}: there is no such change`);
    if (isEnded(change.state)) {
      throw new Refusal('change.ended', `Cannot cancel change ${id}: it is ${change.state} already`);
    }
    if (change.state === 'undoing') return;
    if (change.state === 'queued') {
      if (this.#queued.get(change.stack)?.id === id) this.#queued.delete(change.stack);
      closeQueued(this.#hands, change, {
        state: 'cancelled',
        outcome: 'It was cancelled before its turn came',
      });
      return;
    }
    if (hasBegunToFinish(change)) {
      throw new Refusal(
        'change.past-cancel',
        `Cannot cancel change ${id}: what it brings is live and it is finishing, a change before that is required`,
        { fix: `roll back instead: reeve rollback --stack ${change.stack}` },
      );
    }
    store.journal.requestCancel(id);
    this.#running.get(change.stack)?.cancel();
  }

  /** Once, at the agent's start: goes on with what an earlier agent left unfinished. Resolves when all of it runs. */
  async resume(): Promise<void> {
    const unfinished = this.#hands.store.journal.unfinished();
    for (const change of unfinished.filter(({ state }) => state === 'queued')) {
      const before = this.#queued.get(change.stack);
      if (before) supersede(this.#hands, before.id, change.id);
      this.#queued.set(change.stack, { id: change.id, force: false });
    }
    for (const change of unfinished.filter(({ state }) => state !== 'queued')) {
      await this.#inTurn(change.stack, () => this.#resumeOne(change));
    }
    for (const stack of this.#queued.keys()) void this.#next(stack);
  }

  /** Stops the warm copies whose time is over; where a change runs or the lock is held, at the next call. */
  async retireWarm(): Promise<void> {
    for (const { name } of this.#hands.store.stacks.list()) {
      if (this.#running.has(name) || overdue(this.#hands, name).length === 0) continue;
      try {
        await this.submit({ want: 'retire', stack: name }, 'reeve');
      } catch (error) {
        if (!(error instanceof Refusal))
          this.#hands.failed(`warm copies of "${name}" were not stopped`, error);
      }
    }
  }

  /** Resolves when nothing runs for the stack and nothing is queued. */
  async idle(stack: Name): Promise<void> {
    for (;;) {
      const busy = this.#running.get(stack)?.ended ?? this.#turns.get(stack);
      if (!busy) return;
      await busy;
    }
  }

  /** For an agent that stops: every change is left where it is, with its lock, for the next agent. */
  async suspend(): Promise<void> {
    this.#suspension.abort(new Interruption('suspended'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #begin(
    request: PlanRequest,
    { stack, by, waitMs }: { readonly stack: Name; readonly by: string; readonly waitMs: number },
  ): Promise<Accepted> {
    const reason = `${request.want} asked for by ${by}`;
    // Before anything expensive. The change has no number yet, so the lock is taken for the planning of it.
    const wish = { stack, task: `plan-${request.want}`, reason, waitMs, signal: this.#suspension.signal };
    const planning = await holdLock(this.#hands, wish);
    try {
      const { plan, warnings } = await makePlan(this.#hands, request, this.#suspension.signal);
      if (plan.steps.length === 0) return { outcome: 'nothing', plan, warnings };
      if (request.want === 'deploy') this.#remember(stack, request.file.path);
      const change = this.#open(plan, by);
      const held = this.#handOver(planning, change);
      this.#start({ change, held, isResumed: false });
      return { outcome: 'started', change, behind: null, warnings };
    } finally {
      freeLock(this.#hands, planning);
    }
  }

  async #enqueue(
    request: Extract<PlanRequest, { readonly want: 'deploy' }>,
    running: RunningChange,
    by: string,
  ): Promise<Accepted> {
    const { stack, warnings } = readStack(this.#hands, request.file, request.ref);
    // Whatever runs now will have changed things by then: it is planned as if all were new, and planned anew in its turn.
    const planned = await planDeploy(this.#hands, { stack, force: true }, this.#suspension.signal);
    this.#remember(stack.name, request.file.path);
    const change = openQueued(this.#hands, planned.plan, by);
    const before = this.#queued.get(stack.name);
    if (before) supersede(this.#hands, before.id, change.id);
    this.#queued.set(stack.name, { id: change.id, force: request.force ?? false });
    // What it waits for may have ended while it was planned.
    if (!this.#running.has(stack.name)) void this.#next(stack.name);
    return { outcome: 'queued', change, behind: running.id, warnings: [...warnings, ...planned.warnings] };
  }

  #open(plan: Plan, by: string): Change {
    const { store, clock, publish } = this.#hands;
    const at = clock.now();
    const change = store.journal.open({ stack: plan.stack, plan, by, state: 'running', at });
    publish({ event: 'change.opened', at, stack: plan.stack, change: change.id, sentence: plan.sentence });
    return change;
  }

  // Between the two calls only another process could come in; then nothing has been touched yet.
  #handOver(planning: LockHeld, change: Change): LockHeld {
    freeLock(this.#hands, planning);
    const result = tryLock(this.#hands, {
      stack: change.stack,
      task: taskOf(change),
      reason: change.plan.sentence,
      waitMs: 0,
    });
    if (result.outcome === 'contended') {
      const refusal = lockHeld(result.record);
      closeQueued(this.#hands, change, {
        state: 'failed',
        outcome: 'Nothing was touched',
        error: refusal.report,
      });
      throw refusal;
    }
    this.#hands.store.journal.setFencing(change.id, result.held.fencing);
    return result.held;
  }

  #start(begun: {
    readonly change: Change;
    readonly held: LockHeld;
    readonly isResumed: boolean;
  }): RunningChange {
    const { stack } = begun.change;
    const running = runInBackground(this.#hands, begun, this.#suspension.signal);
    this.#running.set(stack, running);
    void running.ended.then(() => {
      this.#running.delete(stack);
      return this.#next(stack);
    });
    return running;
  }

  async #resumeOne(change: Change): Promise<void> {
    // Its own lock is taken over from the agent that died; anybody else's is waited for.
    const wish = {
      stack: change.stack,
      task: taskOf(change),
      reason: change.plan.sentence,
      signal: this.#suspension.signal,
    };
    const first = tryLock(this.#hands, { ...wish, waitMs: 0 });
    const begin = (held: LockHeld): void => {
      this.#hands.store.journal.setFencing(change.id, held.fencing);
      const running = this.#start({ change, held, isResumed: true });
      if (change.cancelRequested && !hasBegunToFinish(change)) running.cancel();
    };
    if (first.outcome !== 'contended') return begin(first.held);
    this.#hands.failed(`change ${change.id} waits for the lock of "${change.stack}"`, lockHeld(first.record));
    void holdLock(this.#hands, { ...wish, waitMs: Infinity }).then(begin, (error: unknown) =>
      this.#hands.failed(`change ${change.id} was not resumed`, error),
    );
  }

  // The queued deploy's turn: planned anew from what stands now.
  async #next(stack: Name): Promise<void> {
    await this.#inTurn(stack, async () => {
      const queued = this.#queued.get(stack);
      if (!queued || this.#running.has(stack) || this.#suspension.signal.aborted) return;
      this.#queued.delete(stack);
      const change = this.#hands.store.journal.get(queued.id);
      if (!change || change.state !== 'queued') return;
      const begun = await deployOfQueued(this.#hands, change, {
        force: queued.force,
        task: taskOf(change),
        signal: this.#suspension.signal,
      });
      if (begun) this.#start({ ...begun, isResumed: false });
    });
  }

  #remember(name: Name, file: string): void {
    const { stacks } = this.#hands.store;
    stacks.put({ name, file, scale: stacks.get(name)?.scale ?? {} });
  }

  async #waitFor(running: RunningChange, waitMs: number): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#suspension.signal]);
    const elapsed = this.#hands.clock.sleep(waitMs, signal).catch(() => null);
    await Promise.race([running.ended, elapsed]);
    over.abort();
    this.#suspension.signal.throwIfAborted();
  }

  /** One at a time per stack: taking in, planning, beginning. */
  async #inTurn<T>(stack: Name, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(stack) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn
      .catch(() => null)
      .finally(() => {
        if (this.#turns.get(stack) === settled) this.#turns.delete(stack);
      });
    this.#turns.set(stack, settled);
    return await turn;
  }
}

const taskOf = (change: Change): string => `change-${change.id}`;

const changeRunning = (stack: Name, running: RunningChange, waited: number): Refusal =>
  new Refusal(
    waited > 0 ? 'lock.not-obtained' : 'change.running',
    `Cannot change "${stack}": change ${running.id} runs (${running.sentence}), one at a time is allowed`,
    {
      fix: `follow it: reeve changes follow ${running.id}; or wait for it with --wait`,
      retryable: true,
      ...(waited > 0 ? { exit: 4 } : {}),
    },
  );
