// One random life of a stack on a simulated host: the real planner, engine and lock live through refused gates, failed
// effects, cancels, a stolen lock, and an agent that is killed anywhere. What must always hold is checked around every
// effect. The same seed is the same life.
import assert from 'node:assert/strict';
import type { PlanRequest } from '../../src/engine/plan-request.ts';
import type { Change } from '../../src/model/change.ts';
import { Failure, Refusal } from '../../src/model/error.ts';
import { slotKey } from '../../src/model/names.ts';
import type { Random } from '../../src/ports/clock.ts';
import { seededRandom } from './seeded-random.ts';
import { type SimulationOptions, STACK } from './simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from './simulated-life.ts';

const ACTS = 4;

/** Lives through one seed. Fails with the seed and the story where something does not hold. */
export const liveThrough = async (seed: number, options: SimulationOptions = {}): Promise<void> => {
  const life = new RandomLife(seed, options);
  try {
    await life.run();
  } catch (error) {
    throw new Error(`SEED=${seed}: ${(error as Error).message}\n${life.story.join('\n')}`, { cause: error });
  }
};

class Chance {
  readonly #random: Random;
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }
  one<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
  below(n: number): number {
    return Math.floor(this.#random() * n);
  }
  is(share: number): boolean {
    return this.#random() < share;
  }
}

// A request may be refused; but in between two changes nobody else has the lock.
const isExpected = (error: unknown): boolean =>
  error instanceof Refusal ? error.report.code !== 'lock.held' : /Nothing to do/.test(String(error));

const writeStack = (chance: Chance): Written => {
  const routed = (name: string): object => ({
    run: name,
    route: chance.is(0.5) ? `${name}.localhost` : `shop.localhost/${name}`,
    health: { http: '/up' },
    deploy: chance.one(['swap', 'swap', 'rolling', 'recreate']),
    replicas: 1 + chance.below(2),
  });
  const services = {
    web: routed('web'),
    ...(chance.is(0.7) ? { api: routed('api') } : {}),
    ...(chance.is(0.6) ? { worker: { run: 'work', deploy: chance.one(['swap', 'recreate']) } } : {}),
  };
  return {
    services,
    jobs: {
      ...(chance.is(0.5) ? { install: { run: 'i', phase: 'build' } } : {}),
      ...(chance.is(0.5) ? { migrate: { run: 'm', phase: 'before' } } : {}),
    },
    bake: chance.one(['0s', '2s']),
    warm: chance.one(['0s', '10m']),
    retention: { releases: 1 + chance.below(2) },
  };
};

/** Which release serves each replica, whichever seat it sits in. */
const serving = (life: SimulatedLife): Record<string, number> => {
  const rows = life.host.store.instances.list(STACK).filter(({ warmUntil }) => warmUntil === null);
  return Object.fromEntries(rows.map((row) => [slotKey(row.service, row.slot), row.release]));
};

class RandomLife {
  readonly life: SimulatedLife;
  readonly chance: Chance;
  readonly story: string[] = [];
  #isBroken = false;
  /** Somebody took the lock away in the middle of a change: the life ends with it. */
  #isRobbed = false;

  constructor(seed: number, options: SimulationOptions) {
    this.chance = new Chance(seed);
    this.life = new SimulatedLife(options);
  }

  async run(): Promise<void> {
    for (let act = 0; act < ACTS && !this.#isRobbed; act += 1) await this.#act();
  }

  async #act(): Promise<void> {
    const { life } = this;
    const request = this.#request();
    this.#plantFaults(request);
    const before = serving(life);
    let change: Change;
    try {
      change = await this.#begin(request);
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.story.push(`${request.want}: ${(error as Error).message}`);
      this.#clearFaults();
      return;
    }
    if (this.chance.is(0.2)) await this.#cancelSoon(change);
    const ended = await this.#end(change);
    this.story.push(`${ended.plan.sentence}: ${ended.outcome}`);
    this.#clearFaults();
    this.#judge(ended, before);
  }

  #request(): PlanRequest {
    const { chance, life } = this;
    const names = life.host.store.releases.list(STACK).find(({ state }) => state === 'current')
      ?.stack.services;
    const service = names ? chance.one(names).name : 'web';
    if (!names || chance.is(0.5)) {
      life.agent.revision = `r${chance.below(5)}`;
      return deployRequest(writeStack(chance), { force: chance.is(0.1) });
    }
    return chance.one<() => PlanRequest>([
      () => ({ want: 'rollback', stack: STACK, release: null }),
      () => ({ want: 'restart', stack: STACK, services: chance.is(0.5) ? [] : [service] }),
      () => ({ want: 'stop', stack: STACK, services: [service] }),
      () => ({ want: 'start', stack: STACK, services: [] }),
      () => ({ want: 'scale', stack: STACK, service, replicas: chance.below(4) }),
      () => ({ want: 'down', stack: STACK, purge: chance.is(0.3) }),
    ])();
  }

  // One failed effect in a change at most, and none while it is undone: that is promised to be reported, not survived.
  #plantFaults({ want }: PlanRequest): void {
    const { chance, life } = this;
    const { host } = life;
    const next = host.store.releases.nextId(STACK);
    if (chance.is(0.15))
      host.gates.set(`${chance.one(['web', 'api', 'worker'])}@${next}`, { refuses: 'no answer' });
    if (chance.is(0.2)) host.gates.set('web', { ms: 5_000 });
    if (chance.is(0.1)) host.jobScripts.set(chance.one(['install', 'migrate']), { exit: 1 });
    if (chance.is(0.1)) host.bakes.set(next, 'web.1 ended with exit code 1');
    const failAt = want !== 'down' && chance.is(0.2) ? chance.below(12) : -1;
    const robAt = chance.is(0.04) ? chance.below(12) : -1;
    const killAt = robAt < 0 && chance.is(0.4) ? chance.below(30) : -1;
    if (chance.is(0.05)) host.planningHook = () => life.agent.crash();
    const inJournal = chance.is(0.5);
    let effects = 0;
    let points = 0;
    const point = (): void => {
      if ((points += 1) === killAt && !life.agent.isDead) life.agent.crash();
    };
    host.hook = (effect, when) => {
      this.#check(effect, when);
      if (when === 'after' && effects === robAt) this.#rob();
      if (when === 'before' && (effects += 1) === failAt && this.#mayFail(effect)) {
        throw new Failure('driver.failed', `Cannot ${effect}: the world did not comply`);
      }
      if (!inJournal) point();
    };
    host.journalHook = () => {
      if (inJournal) point();
    };
  }

  #mayFail(effect: string): boolean {
    const [running] = this.life.host.store.journal.unfinished();
    return running?.state === 'running' && /^(place|start|gate|site|flags|run) /.test(effect);
  }

  #clearFaults(): void {
    const { host } = this.life;
    host.hook = (effect, when) => this.#check(effect, when);
    host.journalHook = () => {};
    host.planningHook = () => {};
    host.gates.clear();
    host.jobScripts.clear();
    host.bakes.clear();
  }

  // The agent may die while it plans, before there is a change: then the next one is asked again.
  async #begin(request: PlanRequest): Promise<Change> {
    const { life } = this;
    const { agent } = life;
    const newest = (): number => life.host.store.journal.list({ stack: STACK, limit: 1 })[0]?.id ?? 0;
    const before = newest();
    let settled = false;
    const begun = life.begins(request);
    const settle = (): void => void (settled = true);
    begun.then(settle, settle);
    await life.host.clock.runUntil(() => settled || agent.isDead);
    if (!agent.isDead) return await begun;
    life.host.planningHook = () => {};
    await life.restartAgent();
    if (newest() > before) return life.change(newest());
    assert.deepEqual(life.flaws(), [], 'nothing is left of an agent that died while it planned');
    return await this.#begin(request);
  }

  async #cancelSoon(change: Change): Promise<void> {
    const { life, chance } = this;
    const at = life.host.clock.monotonic() + chance.below(4_000);
    await life.host.clock.runUntil(
      () => life.agent.isDead || life.host.clock.monotonic() >= at || !life.host.open.has(change.id),
    );
    if (life.agent.isDead) return;
    await life.agent.queue.cancel(change.id).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
  }

  async #end(change: Change): Promise<Change> {
    const { life } = this;
    await life.host.clock.runUntil(() => life.agent.isDead || !life.host.open.has(change.id));
    if (life.agent.isDead) await life.restartAgent();
    await life.agent.queue.idle(STACK);
    return life.change(change.id);
  }

  // An operator frees a lock that is in use, and another takes it.
  #rob(): void {
    const { lock } = this.life.host.store;
    const { owner, task } = lock.read(STACK);
    if (owner !== 'deploy' || this.#isRobbed) return;
    lock.release(STACK, task);
    const holder = { host: 'box', process: null };
    lock.acquire({ stack: STACK, owner: 'export', task: 'export-1', reason: 'nightly', holder });
    this.#isRobbed = true;
  }

  /** What holds at every moment. */
  #check(effect: string, when: 'before' | 'after'): void {
    const { host, agent } = this.life;
    if (agent.isDead || this.#isBroken) return;
    const lock = host.store.lock.read(STACK);
    const isOwn = lock.owner === 'deploy' && lock.holder?.process?.startTicks === agent.process.startTicks;
    const isIntended = host.lastEvent === 'intent' || host.lastEvent === 'undo-intent';
    // What only looks needs no lock; what had begun when the lock was lost may end.
    const isTouching = when === 'before' && !/^(gate|watched) /.test(effect);
    const flaws = this.life.unrouted().map((place) => `nobody healthy is routed: ${place}`);
    if (isTouching && !isOwn) flaws.push('an effect without the lock');
    if (isTouching && !isIntended) flaws.push('an effect without an intent on disk');
    if (flaws.length === 0) return;
    this.#isBroken = true;
    this.story.push(`AT ${effect}: ${flaws.join(', ')}`);
  }

  /** What holds between changes. */
  #judge(ended: Change, before: Record<string, number>): void {
    const { life } = this;
    assert.ok(!this.#isBroken, 'an invariant broke on the way');
    // Nothing may be touched any more, so nothing is put right.
    if (this.#isRobbed) return;
    assert.deepEqual(life.flaws(), []);
    assert.deepEqual(life.host.problems, []);
    assert.notEqual(ended.error?.kind, 'defect', ended.error?.message ?? '');
    const now = serving(life);
    if (ended.state !== 'done') {
      assert.deepEqual(ended.error?.notUndone ?? [], []);
      assert.deepEqual(now, before, 'who served before serves again');
    } else if (ended.plan.kind === 'deploy' || ended.plan.kind === 'rollback') {
      const live = life.host.release(ended.plan.release.to!);
      assert.equal(live.state, 'current');
      const served = new Set(Object.keys(now).map((key) => key.split('.')[0]));
      for (const name of served) assert.ok(live.stack.services.some((service) => service.name === name));
    }
  }
}
