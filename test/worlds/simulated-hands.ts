// A host as values: instances, an edge, release folders and jobs, on a clock that stands still. What is here outlives
// the agent: `SimulatedHost.agent()` gives the hands of one agent, `crash()` takes them away from it for good.
import type { EdgeSite, Flags } from '../../src/model/edge.ts';
import { NO_FLAGS } from '../../src/model/edge.ts';
import { Failure } from '../../src/model/error.ts';
import type { StepRecord } from '../../src/model/change.ts';
import type { ReeveEvent } from '../../src/model/event.ts';
import type { HealthState, InstanceStatus } from '../../src/model/health.ts';
import type { ProcessIdentity } from '../../src/model/lock.ts';
import { instanceId, type InstancePlace, slotKey } from '../../src/model/names.ts';
import type { Release } from '../../src/model/release.ts';
import { ChangeQueue } from '../../src/engine/change-queue.ts';
import type { Hands } from '../../src/engine/hands.ts';
import type { RunFact, RunSpec } from '../../src/ports/driver.ts';
import type { Edge } from '../../src/ports/edge.ts';
import type { ReleaseDisk } from '../../src/ports/release-disk.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Supervision } from '../../src/ports/supervision.ts';
import { FakeClock } from './fake-clock.ts';
import { memoryStore } from './memory-store.ts';
import { fingerprintsOf } from './observed-builder.ts';
import { type JobScript, simulatedJobs } from './simulated-jobs.ts';
import { Crash, simulatedStore } from './simulated-store.ts';
import { buildRevision } from './stack-builder.ts';

export const STACK = 'shop';

export type GateScript = { readonly ms?: number; readonly refuses?: string };

/** Around each effect: may throw a `Failure` (the effect fails) or crash the agent. */
export type EffectHook = (effect: string, when: 'before' | 'after') => void;

/** Gives an engine other hands than it should have: how a broken engine is made. */
export type Tamper = (hands: Hands, host: SimulatedHost) => Hands;

export type SimulationOptions = {
  readonly tamper?: Tamper;
  /** Whether two identities name one process. */
  readonly isSame?: (a: ProcessIdentity, b: ProcessIdentity) => boolean;
};

const isSameProcess = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTicks === b.startTicks;

export class SimulatedHost {
  readonly clock = new FakeClock();
  readonly store: Store;
  /** Processes that run, by instance id. */
  readonly processes = new Map<string, { release: number; health: HealthState }>();
  readonly folders = new Set<number>();
  readonly jobs = new Map<string, RunFact>();
  site: EdgeSite | null = null;
  flags: Flags = NO_FLAGS;
  isEdgeRunning = false;
  /** Requests in flight, by instance id; each `traffic` call takes one off. */
  readonly inFlight = new Map<string, number>();
  readonly errors = new Map<string, { requests: number; errors: number }>();
  readonly calls: string[] = [];
  readonly events: ReeveEvent[] = [];
  readonly problems: string[] = [];
  readonly listening = new Set<number>();
  /** By `<service>@<release>` or `<service>`. */
  readonly gates = new Map<string, GateScript>();
  /** By `<release>`: why the bake finds it bad. */
  readonly bakes = new Map<number, string>();
  readonly jobScripts = new Map<string, JobScript>();
  /** Who the edge says has answered; null: as the flags say. */
  wrongAnswer = false;
  hook: EffectHook = () => {};
  onEvent: (event: ReeveEvent) => void = () => {};
  /** Called while a deploy is planned: the lock is held, and there is no change yet. */
  planningHook: () => void = () => {};
  /** Called around each journal record. */
  journalHook: (record: string, when: 'before' | 'after') => void = () => {};
  /** Changes that are not closed: asked after every timer, where reading the journal would cost most of a life. */
  readonly open = new Set<number>();
  /** What the journal was told last. */
  lastEvent: StepRecord['event'] | null = null;
  #living: ProcessIdentity | null = null;
  #starts = 0;
  readonly #tamper: Tamper;

  constructor({ isSame = isSameProcess, tamper = (hands) => hands }: SimulationOptions = {}) {
    this.#tamper = tamper;
    const isAlive = (asked: ProcessIdentity): boolean => this.#living !== null && isSame(asked, this.#living);
    this.store = memoryStore({ isAlive, now: this.clock.now });
  }

  /** A new agent on this host. It adopts what runs, and starts what should and does not. */
  agent(revision = 'r1'): SimulatedAgent {
    // The kernel gives a pid again: only the start time tells this agent from the one before.
    this.#living = { bootId: 'boot', pid: 101, startTicks: (this.#starts += 1) };
    for (const row of this.store.instances.list(STACK)) {
      if (!this.processes.has(instanceId(row))) this.#run(row, row.release);
    }
    // What nobody means to run is stopped, as supervision does when it opens.
    const wanted = new Set(this.store.instances.list(STACK).map(instanceId));
    for (const id of this.processes.keys()) if (!wanted.has(id)) this.processes.delete(id);
    return new SimulatedAgent(this, this.#living, { revision, tamper: this.#tamper });
  }

  died(): void {
    this.#living = null;
  }

  release(id: number): Release {
    const release = this.store.releases.get(STACK, id);
    if (!release) throw new Error(`release ${id} is not on record`);
    return release;
  }

  startProcess(place: InstancePlace, release: number): void {
    this.#run(place, release);
  }

  #run(place: InstancePlace, release: number): void {
    if (!this.folders.has(release))
      throw new Failure('run.no-folder', `Cannot start: release ${release} has no folder`);
    this.processes.set(instanceId(place), { release, health: 'starting' });
  }
}

export class SimulatedAgent {
  readonly host: SimulatedHost;
  readonly process: ProcessIdentity;
  readonly hands: Hands;
  readonly queue: ChangeQueue;
  /** What the source has now. */
  revision: string;
  isDead = false;

  constructor(
    host: SimulatedHost,
    process: ProcessIdentity,
    { revision, tamper }: { readonly revision: string; readonly tamper: Tamper },
  ) {
    this.host = host;
    this.process = process;
    this.revision = revision;
    this.hands = tamper(this.#hands(), host);
    this.queue = new ChangeQueue(this.hands);
  }

  /** SIGKILL: from now on nothing this agent does has any effect. */
  crash(): never {
    this.isDead = true;
    this.host.died();
    throw new Crash('the agent was killed');
  }

  /** One effect on the host. A dead agent's calls never come back. */
  async #effect<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    try {
      this.#around(name, 'before');
      this.host.calls.push(name);
      const result = await work();
      this.#around(name, 'after');
      return result;
    } catch (error) {
      if (this.isDead) return await never();
      throw error;
    }
  }

  #around(name: string, when: 'before' | 'after'): void {
    if (this.isDead) throw new Crash('the agent is dead');
    this.host.hook(name, when);
  }

  async #look<T>(work: () => T): Promise<T> {
    if (this.isDead) return await never();
    return work();
  }

  #hands(): Hands {
    const { host } = this;
    return {
      store: simulatedStore(host, () => this.isDead),
      supervision: this.#supervision(),
      edge: this.#edge(),
      source: {
        resolve: () =>
          this.#look(() => {
            host.planningHook();
            return buildRevision(this.revision);
          }),
        place: () => Promise.resolve(),
      },
      releases: this.#disk(),
      environments: {
        assemble: (stack) =>
          this.#look(() => ({
            fingerprint: 'env',
            problems: [],
            serviceFingerprints: (revision) => fingerprintsOf(stack, revision.id),
          })),
        ofRelease: ({ stack, revision }) => fingerprintsOf(stack, revision.id),
      },
      driver: simulatedJobs(host, {
        effect: (name, work) => this.#effect(name, work),
        look: (work) => this.#look(work),
        isDead: () => this.isDead,
      }),
      logBook: { lastLines: async ({ instance }) => [`last words of ${instance}`] },
      clock: {
        now: host.clock.now,
        monotonic: host.clock.monotonic,
        timer: host.clock.timer,
        sleep: (ms, signal) => (this.isDead ? never() : host.clock.sleep(ms, signal)),
      },
      listeningPorts: () => this.#look(() => [...host.listening]),
      holder: { host: 'box', process: this.process },
      homeFolder: null,
      publish: (event) => {
        if (this.isDead) return;
        host.events.push(event);
        host.onEvent(event);
      },
      failed: (what, error) => void (this.isDead || host.problems.push(`${what}: ${String(error)}`)),
    };
  }

  #supervision(): Supervision {
    const { host } = this;
    const { instances } = host.store;
    return {
      start: (stack, release, places) =>
        this.#effect(`start ${names(places)}@${release}`, () => {
          const { stack: definition, revision } = host.release(release);
          const fingerprints = fingerprintsOf(definition, revision.id);
          const ports = host.store.ports.of(stack);
          instances.put(
            stack,
            places.map((place) => ({
              ...place,
              release,
              fingerprint: fingerprints[place.service]!,
              port: ports[instanceId(place)] ?? null,
              warmUntil: null,
            })),
          );
          for (const place of places) {
            if (!host.processes.has(instanceId(place))) host.startProcess(place, release);
          }
        }),
      stop: (stack, places) =>
        this.#effect(`stop ${names(places)}`, () => {
          instances.remove(stack, places.map(instanceId));
          for (const place of places) host.processes.delete(instanceId(place));
        }),
      passGate: async (_stack, place, { signal, progressed }) => {
        const process = host.processes.get(instanceId(place));
        const script =
          host.gates.get(`${place.service}@${process?.release}`) ?? host.gates.get(place.service) ?? {};
        progressed?.('connection refused');
        await this.hands.clock.sleep(script.ms ?? 100, signal);
        return await this.#effect(`gate ${instanceId(place)}${script.refuses ? ' refuses' : ''}`, () => {
          if (script.refuses)
            return { outcome: 'refused', report: gateReport(place, script.refuses) } as const;
          const now = host.processes.get(instanceId(place));
          if (!now) throw new Failure('instance.unknown', `Cannot watch "${instanceId(place)}": it is gone`);
          now.health = 'healthy';
          return { outcome: 'passed', tookMs: script.ms ?? 100 } as const;
        });
      },
      watch: async (_stack, places, { forMs, isBad, signal }) => {
        for (let ms = 0; ms < forMs; ms += 1000) {
          await this.hands.clock.sleep(1000, signal);
          const release = host.processes.get(instanceId(places[0]!))?.release ?? 0;
          const reason = host.bakes.get(release) ?? (await isBad());
          if (reason) return { outcome: 'bad', reason, log: ['bye'] };
        }
        return await this.#effect(`watched ${names(places)}`, () => ({ outcome: 'good' }) as const);
      },
      setWarm: (stack, places, untilMs) => {
        this.#around('warm', 'before');
        host.calls.push(`${untilMs === null ? 'unwarm' : 'warm'} ${names(places)}`);
        const ids = new Set(places.map(instanceId));
        const rows = instances.list(stack).filter((row) => ids.has(instanceId(row)));
        instances.put(
          stack,
          rows.map(({ stack: _stack, ...row }) => ({ ...row, warmUntil: untilMs })),
        );
      },
      // Nobody sets the clock of a simulation.
      followClock: () => {},
      status: (stack) =>
        instances.list(stack).map((row): InstanceStatus => ({
          id: instanceId(row),
          service: row.service,
          slot: row.slot,
          seat: row.seat,
          release: row.release,
          activity: host.processes.has(instanceId(row)) ? 'running' : 'waiting',
          health: host.processes.get(instanceId(row))?.health ?? 'unknown',
          words: '',
          pid: 1,
          port: row.port,
          startedAt: 0,
          restarts: 0,
          lastExit: null,
          nextStartAt: null,
          rssBytes: null,
          cpuShare: null,
        })),
    };
  }

  #edge(): Edge {
    const { host } = this;
    const running = (): InstancePlace[] =>
      (host.site?.services ?? []).flatMap(({ service, slots }) =>
        slots.map(({ slot }) => ({
          service,
          slot,
          seat: host.flags.seats[slotKey(service, slot)] ?? 'blue',
        })),
      );
    return {
      capabilities: { name: 'simulated', canHold: true, websockets: true, tls: false },
      ensureRunning: () => this.#look(() => void (host.isEdgeRunning = true)),
      configure: (_stack, site) =>
        this.#effect(`site ${site ? site.services.map(siteText).join(',') : 'none'}`, () => {
          host.site = site;
        }),
      site: () => this.#look(() => host.site),
      flags: () => this.#look(() => host.flags),
      switch: (_stack, flags) =>
        this.#effect(`flags ${flagsText(flags)}`, () => {
          host.flags = flags;
        }),
      forget: () =>
        this.#effect('forget flags', () => {
          host.flags = NO_FLAGS;
        }),
      ask: (host_, path) =>
        this.#look(() => {
          const service = host.site?.services.find(({ routes }) =>
            routes.some((route) => route.host === host_ && route.path === path),
          )?.service;
          host.calls.push(`ask ${service ?? 'nobody'}`);
          const place = running().find((each) => each.service === service);
          const answers = place && !host.wrongAnswer && host.processes.has(instanceId(place));
          return answers ? { status: 200, servedBy: place } : { status: 502, servedBy: null };
        }),
      traffic: () =>
        this.#look(() =>
          [...host.processes.keys()].map((id) => {
            const [service, slot, seat] = splitId(id);
            const inFlight = host.inFlight.get(id) ?? 0;
            host.inFlight.set(id, Math.max(0, inFlight - 1));
            const counts = host.errors.get(id) ?? { requests: 0, errors: 0 };
            return { service, slot, seat, port: 0, ...counts, failed: 0, inFlight };
          }),
        ),
      status: () =>
        this.#look(() => ({
          name: 'simulated',
          isRunning: host.isEdgeRunning,
          pid: null,
          address: 'http://127.0.0.1:7080',
          version: '1',
          startedAt: null,
          sites: host.site ? [host.site] : [],
        })),
      stop: () =>
        this.#effect('edge stops', () => {
          host.isEdgeRunning = false;
        }),
      close: () => Promise.resolve(),
    };
  }

  #disk(): ReleaseDisk {
    const { host } = this;
    return {
      place: ({ id }) => this.#effect(`place ${id}`, () => void host.folders.add(id)),
      saveCache: ({ id }) => this.#effect(`cache ${id}`, () => {}),
      remove: (_stack, id) => this.#effect(`remove ${id}`, () => void host.folders.delete(id)),
      removeStack: () => this.#effect('remove all', () => host.folders.clear()),
      describeInstance: () => {
        throw new Error('the engine does not describe instances');
      },
      describeJob: (_release, change, job) => jobSpec(`job-${change}-${job.name}`),
    };
  }
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});

const names = (places: readonly InstancePlace[]): string => places.map(instanceId).join(',');

const siteText = ({ service, slots }: EdgeSite['services'][number]): string => `${service}x${slots.length}`;

const flagsText = ({ seats, held, maintenance }: Flags): string =>
  [
    ...Object.entries(seats).map(([key, seat]) => `${key}=${seat}`),
    ...held.map((name) => `hold:${name}`),
    ...maintenance.map((name) => `closed:${name}`),
  ].join(',');

const splitId = (id: string): [string, number, 'blue' | 'green'] => {
  const [service = '', slot = '', seat = ''] = id.split('-');
  return [service, Number(slot), seat as 'blue'];
};

const jobSpec = (id: string): RunSpec => ({
  stack: STACK,
  id,
  command: { argv: [id], shell: false },
  workingFolder: '/',
  env: {},
  user: null,
  limits: { memoryBytes: null, cpus: null, tasks: null },
  stdoutPath: `/${id}.out`,
  stderrPath: `/${id}.err`,
  fingerprint: '',
});

const gateReport = (place: InstancePlace, message: string) => ({
  kind: 'failure' as const,
  code: 'gate.never-ready',
  message: `Cannot start "${place.service}": ${message}`,
  log: ['last words'],
  exit: 1,
});
