import { Turns } from '../kit/turns.ts';
import type { Change } from '../model/change.ts';
import type { Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import { PLAN_VERSION } from '../model/plan.ts';
import { beginChange } from './begin-change.ts';
import { beginQueued } from './begin-queued.ts';
import type { Hands } from './hands.ts';
import { freeAbandoned, LOCK_POLL_MS, lockHeld, taskOf } from './hold-lock.ts';
import { Interruption } from './interruption.ts';
import { keepKnown, rememberFile } from './known-stacks.ts';
import { type RunningChange, runInBackground } from './lane.ts';
import { makePlan, type Planned, planDeploy, readStack } from './make-plan.ts';
import type { Accepted, Patience, PlanRequest } from './plan-request.ts';
import { closeQueued, openQueued, supersede } from './queued-deploy.ts';
import { type Obstacle, waitOut } from './obstacle.ts';
import { changeRunning, givenUp, mustBeCancellable, newerPlan } from './refusals.ts';
import { resumeChange } from './resume-change.ts';

/** How often a queued deploy whose turn has come tries again. */
const TURN_POLL_MS = 1_000;
/** Nobody is refused because of what the agent does by itself; so long is waited for that at least. */
const OWN_CHANGE_MS = 30_000;

/**
 * Takes in what is wanted and runs one change at a time per stack. A deploy that finds one running waits for its turn,
 * and the latest wins; everything else is refused, unless it is told to wait.
 */
export class ChangeQueue {
  readonly #hands: Hands;
  readonly #running = new Map<Name, RunningChange>();
  /** Deploys that wait for their turn: the number of the change. */
  readonly #queued = new Map<Name, number>();
  /** What a newer Reeve left unfinished. */
  readonly #newer = new Map<Name, Change>();
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
   * Resolves as soon as the change is on disk; it then goes on by itself. Until then `signal` gives it up: refusal
   * `change.given-up`. Others: `change.running`, `change.newer`, `lock.held`, `lock.not-obtained`, those of `makePlan`.
   */
  async submit(request: PlanRequest & Patience, by: string, signal?: AbortSignal): Promise<Accepted> {
    const stack =
      request.want === 'deploy'
        ? (await readStack(this.#hands, request.file, request.ref)).stack.name
        : request.stack;
    const { clock } = this.#hands;
    const suspension = this.#suspension.signal;
    const ending = signal ? AbortSignal.any([signal, suspension]) : suspension;
    const patienceMs = request.waitMs ?? 0;
    const askedAt = clock.monotonic();
    try {
      for (;;) {
        const answer = await this.#turns.take([stack], () => this.#attempt(request, { stack, by, ending }));
        if ('outcome' in answer) return answer;
        const isOwn = answer.kind === 'retire' && request.want !== 'retire';
        const waitMs = isOwn ? Math.max(patienceMs, OWN_CHANGE_MS) : patienceMs;
        const leftMs = askedAt + waitMs - clock.monotonic();
        if (leftMs <= 0) throw answer.refusal(patienceMs);
        await waitOut(answer, leftMs, { clock, ending });
      }
    } catch (error) {
      throw signal?.aborted ? givenUp(stack) : error;
    }
  }

  /** Asks a change to stop and to undo what it did. Refusals: `change.unknown`, `change.ended`, `change.past-cancel`. */
  async cancel(id: number): Promise<void> {
    const { store } = this.#hands;
    const change = mustBeCancellable(store.journal.get(id), id);
    if (change.state !== 'queued' && this.#newer.get(change.stack)?.id === id) throw newerPlan(change);
    if (change.state === 'undoing') return;
    if (change.state === 'queued') {
      if (this.#queued.get(change.stack) === id) this.#queued.delete(change.stack);
      if (this.#newer.get(change.stack)?.id === id) this.#newer.delete(change.stack);
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
      keepKnown(this.#hands, change);
      if ((change.plan.version as number) > PLAN_VERSION) this.#leave(change);
      else if (change.state === 'queued') this.#putInQueue(change);
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

  // In the stack's turn. What is in the way is waited for outside of it, where others can still be answered.
  async #attempt(request: PlanRequest, asked: Asked): Promise<Accepted | Obstacle> {
    asked.ending.throwIfAborted();
    const newer = this.#newer.get(asked.stack);
    if (newer) throw newerPlan(newer);
    const running = this.#running.get(asked.stack);
    if (!running) return await this.#begin(request, asked);
    if (request.want === 'deploy') return await this.#enqueue(request, running, asked);
    const refusal = (waitedMs: number): Refusal => changeRunning(asked.stack, running, waitedMs);
    return { kind: running.kind, isOver: () => running.ended, refusal };
  }

  async #begin(request: PlanRequest, { stack, by, ending }: Asked): Promise<Accepted | Obstacle> {
    const asked = { stack, by, what: request.want, suspension: this.#suspension.signal };
    const begun = await beginChange(this.#hands, asked, async () => {
      const made = await makePlan(this.#hands, request, ending);
      // Before the change is on disk: nobody could say afterwards which file it came from.
      if (request.want === 'deploy' && made.plan.steps.length > 0)
        rememberFile(this.#hands, stack, request.file.path);
      return made;
    });
    if ('holder' in begun) {
      const isOver = (signal: AbortSignal) => this.#hands.clock.sleep(LOCK_POLL_MS, signal);
      return { kind: 'lock', isOver, refusal: (waitedMs) => lockHeld(begun.holder, waitedMs) };
    }
    const { planned, change } = begun;
    if (!change) return { outcome: 'nothing', ...planned };
    // What waits for its turn is older than this wish, and would undo it.
    if (request.want === 'deploy' || request.want === 'down') this.#clearQueue(stack, change.id);
    keepKnown(this.#hands, change);
    this.#start(change);
    return { outcome: 'started', change, behind: null, warnings: planned.warnings };
  }

  async #enqueue(
    request: Extract<PlanRequest, { readonly want: 'deploy' }>,
    running: RunningChange,
    { by, ending }: Asked,
  ): Promise<Accepted> {
    const { stack, warnings } = await readStack(this.#hands, request.file, request.ref);
    // What runs now will have changed things by then: planned here as if all were new, and anew in its turn.
    const asIfNew = { stack, file: request.file.path, force: true };
    const planned = await planDeploy(this.#hands, asIfNew, ending);
    rememberFile(this.#hands, stack.name, request.file.path);
    const isForced = request.force ?? false;
    const change = openQueued(this.#hands, { ...planned.plan, isForced }, by);
    this.#putInQueue(change);
    // What it waits for may have ended meanwhile.
    if (!this.#running.has(stack.name)) this.#next(stack.name);
    return {
      outcome: 'queued',
      change,
      behind: running.id,
      warnings: [...warnings, ...planned.warnings],
    };
  }

  #putInQueue({ stack, id }: Change): void {
    this.#clearQueue(stack, id);
    this.#queued.set(stack, id);
  }

  #clearQueue(stack: Name, by: number): void {
    const before = this.#queued.get(stack);
    if (before !== undefined) supersede(this.#hands, before, by);
    this.#queued.delete(stack);
  }

  // The queued deploy's turn, in the background. Where it can not begin, it stays in the queue: a later one can still
  // take its place.
  #next(stack: Name): void {
    const { failed, clock } = this.#hands;
    const again = async (): Promise<void> => {
      await clock.sleep(TURN_POLL_MS, this.#suspension.signal);
      this.#next(stack);
    };
    this.#turns
      .take([stack], () => this.#deployQueued(stack))
      .catch((error: unknown) => {
        failed(`the queued deploy of "${stack}" could not begin, and is tried again`, error);
        return 'later' as const;
      })
      .then((turn) => (turn === 'later' ? again() : undefined))
      // The agent stops: the next one has the queue.
      .catch(() => undefined);
  }

  async #deployQueued(stack: Name): Promise<'later' | 'over'> {
    const { signal } = this.#suspension;
    const queued = this.#queued.get(stack);
    if (queued === undefined || this.#running.has(stack) || signal.aborted) return 'over';
    const begun = await beginQueued(this.#hands, queued, signal);
    if (begun === 'later') return 'later';
    this.#queued.delete(stack);
    if (begun) this.#start(begun);
    return 'over';
  }

  #start(change: Change): void {
    const begun = { change, isResumed: false };
    this.#watch(change.stack, runInBackground(this.#hands, begun, this.#suspension.signal));
  }

  #leave(change: Change): void {
    this.#newer.set(change.stack, change);
    this.#hands.failed(`change ${change.id} of "${change.stack}" is left as it is`, newerPlan(change));
  }

  #watch(stack: Name, running: RunningChange): void {
    this.#running.set(stack, running);
    void running.ended.then(() => {
      this.#running.delete(stack);
      this.#next(stack);
    });
  }
}

type Asked = {
  readonly stack: Name;
  readonly by: string;
  /** Whoever asked hung up, or the agent stops. */
  readonly ending: AbortSignal;
};
