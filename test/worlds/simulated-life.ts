// The life of one stack on a simulated host: requests go in, the clock runs until the change has ended.
import type { Change } from '../../src/model/change.ts';
import { instanceId, slotKey } from '../../src/model/names.ts';
import type { PlanRequest } from '../../src/engine/plan-request.ts';
import { type SimulatedAgent, SimulatedHost, type SimulationOptions, STACK } from './simulated-hands.ts';

/** A stack file in its written form; JSON is YAML. */
export type Written = Record<string, unknown>;

export const deployRequest = (
  written: Written,
  parts: { readonly force?: boolean } = {},
): Extract<PlanRequest, { want: 'deploy' }> => ({
  want: 'deploy',
  file: { path: '/srv/shop/reeve.yaml', text: JSON.stringify({ name: STACK, ...written }) },
  ...parts,
});

export class SimulatedLife {
  readonly host: SimulatedHost;
  agent: SimulatedAgent;

  constructor(options: SimulationOptions = {}) {
    this.host = new SimulatedHost(options);
    this.agent = this.host.agent();
  }

  /** Asks, and resolves with the change once it is closed. Fails where there was nothing to do. */
  async does(request: PlanRequest): Promise<Change> {
    return await this.end(await this.begins(request));
  }

  async deploys(written: Written, revision: string): Promise<Change> {
    this.agent.revision = revision;
    return await this.does(deployRequest(written));
  }

  /** Asks, and resolves as soon as the change is taken in. */
  async begins(request: PlanRequest): Promise<Change> {
    const accepted = await this.agent.queue.submit(request, 'ada');
    if (accepted.outcome === 'nothing') throw new Error(accepted.plan.sentence);
    return accepted.change;
  }

  async end({ id }: Change): Promise<Change> {
    await this.host.clock.runUntil(() => !this.host.open.has(id));
    return this.change(id);
  }

  change(id: number): Change {
    const change = this.host.store.journal.get(id);
    if (!change) throw new Error(`no change ${id}`);
    return change;
  }

  /** A new agent where the one before was killed; goes on with what it left. */
  async restartAgent(): Promise<void> {
    const { revision } = this.agent;
    this.agent = this.host.agent(revision);
    this.agent.queue.resume();
    await this.host.clock.runUntil(() => this.host.open.size === 0);
  }

  /** All that should be the same however a change came to its end. */
  snapshot(): unknown {
    const { host } = this;
    const { store } = host;
    return {
      processes: [...host.processes].map(([id, { release }]) => `${id}@${release}`).toSorted(),
      rows: store.instances
        .list(STACK)
        .map((row) => `${instanceId(row)}@${row.release}${row.warmUntil === null ? '' : ' warm'}`)
        .toSorted(),
      site: host.site,
      green: Object.keys(host.flags.seats).filter((key) => host.flags.seats[key] === 'green'),
      closed: host.flags.maintenance,
      folders: [...host.folders].toSorted((a, b) => a - b),
      releases: store.releases.list(STACK).map(({ id, state, stateReason }) => [id, state, stateReason]),
      scale: store.stacks.get(STACK)?.scale,
      ports: store.ports.of(STACK),
      jobs: [...host.jobs.keys()],
    };
  }

  /** What is not as it should be between changes; empty where the state is whole. */
  flaws(): readonly string[] {
    const { host } = this;
    const { store } = host;
    const rows = store.instances.list(STACK);
    const live = store.releases.list(STACK).filter(({ state }) => state === 'current');
    const named = new Set(rows.map(instanceId));
    const working = rows.filter(({ warmUntil }) => warmUntil === null);
    const perSlot = Map.groupBy(working, ({ service, slot }) => slotKey(service, slot));
    return [
      ...(store.lock.read(STACK).owner === 'free' ? [] : ['the lock is held']),
      ...store.journal.unfinished().map(({ id }) => `change ${id} is unfinished`),
      ...[...host.processes.keys()].filter((id) => !named.has(id)).map((id) => `${id} is an orphan`),
      ...[...named].filter((id) => !host.processes.has(id)).map((id) => `${id} does not run`),
      ...[...perSlot].filter(([, all]) => all.length > 1).map(([key]) => `${key} works twice`),
      ...host.flags.held.map((name) => `${name} is held`),
      ...(live.length > 1 ? ['two releases are live'] : []),
      ...live.filter(({ id }) => !host.folders.has(id)).map(({ id }) => `release ${id} has no folder`),
      ...rows
        .filter(({ release }) => !host.folders.has(release))
        .map((row) => `${instanceId(row)} has no folder`),
      ...store.releases
        .list(STACK)
        .filter(({ id, hasTree }) => hasTree !== host.folders.has(id))
        .map(({ id }) => `the record of release ${id} is wrong about its folder`),
      ...this.unrouted().map((key) => `nobody answers for ${key}`),
    ];
  }

  /** Replicas that should get requests and have nobody healthy to answer them. */
  unrouted(): readonly string[] {
    const { site, flags, processes } = this.host;
    return (site?.services ?? [])
      .filter(({ service }) => !flags.held.includes(service) && !flags.maintenance.includes(service))
      .flatMap(({ service, slots }) =>
        slots
          .map(
            ({ slot }) => ({ service, slot, seat: flags.seats[slotKey(service, slot)] ?? 'blue' }) as const,
          )
          .filter((place) => processes.get(instanceId(place))?.health !== 'healthy')
          .map((place) => instanceId(place)),
      );
  }
}
