// The real planner, engine and lock live through random changes on a simulated host: refused gates, failed effects,
// cancels, and an agent that is killed anywhere. What must always hold is checked after every effect.
// A failing seed is printed; SEED=n replays it alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, isEnded } from '../../src/model/change.ts';
import { Failure, Refusal } from '../../src/model/error.ts';
import { slotKey } from '../../src/model/names.ts';
import type { PlanRequest } from '../../src/engine/plan-request.ts';
import type { Random } from '../../src/ports/clock.ts';
import { seededRandom } from '../worlds/seeded-random.ts';
import { STACK } from '../worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../worlds/simulated-life.ts';

const SEEDS = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? 250) }, (_, index) => index + 1);
const ACTS = 6;

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

class Simulation {
  readonly life = new SimulatedLife();
  readonly chance: Chance;
  readonly story: string[] = [];
  #isBroken = false;

  constructor(seed: number) {
    this.chance = new Chance(seed);
  }

  async run(): Promise<void> {
    for (let act = 0; act < ACTS; act += 1) await this.#act();
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
      if (!(error instanceof Refusal) && !/Nothing to do/.test(String(error))) throw error;
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
    const killAt = chance.is(0.4) ? chance.below(30) : -1;
    const inJournal = chance.is(0.5);
    let effects = 0;
    let points = 0;
    const point = (): void => {
      if ((points += 1) === killAt && !life.agent.isDead) life.agent.crash();
    };
    host.hook = (effect, when) => {
      this.#check(effect);
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
    host.hook = (effect) => this.#check(effect);
    host.journalHook = () => {};
    host.gates.clear();
    host.jobScripts.clear();
    host.bakes.clear();
  }

  // The agent may die while it plans, before there is a change: then the next one is asked again.
  async #begin(request: PlanRequest): Promise<Change> {
    const { life } = this;
    const { agent } = life;
    let settled = false;
    const begun = life.begins(request);
    const settle = (): void => void (settled = true);
    begun.then(settle, settle);
    await life.host.clock.runUntil(() => settled || agent.isDead);
    if (!agent.isDead) return await begun;
    const [unfinished] = life.host.store.journal.list({ stack: STACK, limit: 1 });
    await life.restartAgent();
    return unfinished ? life.change(unfinished.id) : await this.#begin(request);
  }

  async #cancelSoon(change: Change): Promise<void> {
    const { life, chance } = this;
    const at = life.host.clock.monotonic() + chance.below(4_000);
    await life.host.clock.runUntil(
      () => life.agent.isDead || life.host.clock.monotonic() >= at || isEnded(life.change(change.id).state),
    );
    if (life.agent.isDead) return;
    await life.agent.queue.cancel(change.id).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
  }

  async #end(change: Change): Promise<Change> {
    const { life } = this;
    await life.host.clock.runUntil(() => life.agent.isDead || isEnded(life.change(change.id).state));
    if (life.agent.isDead) await life.restartAgent();
    await life.agent.queue.idle(STACK);
    return life.change(change.id);
  }

  /** What holds at every moment. */
  #check(effect: string): void {
    const { host, agent } = this.life;
    const lock = host.store.lock.read(STACK);
    const flaws = this.life.unrouted();
    const isOwn = lock.owner === 'deploy' && lock.holder?.process?.pid === agent.process.pid;
    if (agent.isDead || this.#isBroken || (flaws.length === 0 && isOwn)) return;
    this.#isBroken = true;
    const words = isOwn ? `nobody healthy is routed: ${flaws.join(', ')}` : 'an effect without the lock';
    this.story.push(`AT ${effect}: ${words}`);
  }

  /** What holds between changes. */
  #judge(ended: Change, before: Record<string, number>): void {
    const { life } = this;
    assert.ok(!this.#isBroken, 'an invariant broke on the way');
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

test(`the main job holds through ${SEEDS.length} random lives`, async () => {
  for (const seed of SEEDS) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run();
    } catch (error) {
      throw new Error(`SEED=${seed}: ${(error as Error).message}\n${simulation.story.join('\n')}`, {
        cause: error,
      });
    }
  }
});
