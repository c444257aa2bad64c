// Supervision over a host of scripted programs, a scripted prober and a clock that a test moves.
import type { ReeveEvent } from '../../src/model/event.ts';
import { instanceId, type InstanceId, type InstancePlace } from '../../src/model/names.ts';
import type { Service } from '../../src/model/stack.ts';
import type { RunSpec } from '../../src/ports/driver.ts';
import type { LogBook, LogLine } from '../../src/ports/log-book.ts';
import type { DesiredInstance } from '../../src/ports/store.ts';
import type { SupervisorOptions } from '../../src/supervise/supervisor-options.ts';
import { Supervisor } from '../../src/supervise/supervisor.ts';
import { FakeClock } from './fake-clock.ts';
import { type Behaviour, FakeHost } from './fake-driver.ts';
import { FakeProber, type ProbeScript } from './fake-prober.ts';
import { memoryStore } from './memory-store.ts';
import { aRelease } from './release-builder.ts';
import { seededRandom } from './seeded-random.ts';
import { buildService, buildStack, type ServiceParts } from './stack-builder.ts';

export const STACK = 'shop';

export const at = (slot: number, seat: 'blue' | 'green' = 'blue', service = 'web'): InstancePlace => ({
  service,
  slot,
  seat,
});

/** Health of a service that a test can follow in its head. */
export const tcpHealth = (parts: Partial<Service['health']> = {}): Service['health'] => ({
  probe: { kind: 'tcp' },
  intervalMs: 1000,
  timeoutMs: 500,
  passes: 1,
  failures: 3,
  settleMs: 1000,
  withinMs: 10_000,
  progressExtends: false,
  ...parts,
});

export type SupervisionWorldOptions = {
  readonly service?: ServiceParts;
  readonly programs?: Readonly<Record<string, Behaviour>> | ((spec: RunSpec) => Behaviour);
  readonly probe?: ProbeScript;
  readonly seed?: number;
};

export const openSupervisionWorld = (options: SupervisionWorldOptions = {}) => {
  const clock = new FakeClock();
  const host = new FakeHost(clock, options.programs);
  const prober = new FakeProber(clock, options.probe);
  const store = memoryStore();
  const service = buildService('web', { port: 'auto', health: tcpHealth(), ...options.service });
  for (const id of [1, 2]) store.releases.insert(aRelease({ id, stack: buildStack([service]) }));
  const places = [1, 2, 3].flatMap((slot) => [
    at(slot, 'blue', service.name),
    at(slot, 'green', service.name),
  ]);
  store.ports.reserve(
    STACK,
    Object.fromEntries(places.map((place, index) => [instanceId(place), 3001 + index])),
  );
  const events: ReeveEvent[] = [];
  const failures: string[] = [];
  const log: LogLine[] = [];
  const world = {
    clock,
    host,
    prober,
    store,
    service,
    events,
    failures,
    log,
    /** What the tree of every process listens on. */
    listening: [] as { address: string; port: number }[],
    prepareStart: null as ((spec: RunSpec) => Promise<void>) | null,
    describe: (stack: string, desired: DesiredInstance) => describe(stack, desired, service),
    supervisor: null as unknown as Supervisor,
    /** A new agent over the same host and store; the one before is gone without a word. */
    openAgent: async (): Promise<Supervisor> => {
      const agent = new Supervisor(assembleOptions());
      world.supervisor = agent;
      const opened = agent.open();
      await clock.advance(host.latencyMs);
      await opened;
      return agent;
    },
    /** Lets the clock run until the promise is settled. */
    settled: async <T>(promise: Promise<T>): Promise<T> => {
      let isSettled = false;
      const done = (): void => void (isSettled = true);
      promise.then(done, done);
      await clock.runUntil(() => isSettled);
      return await promise;
    },
    status: (place: InstancePlace) =>
      world.supervisor.status(STACK).find(({ id }) => id === instanceId(place))!,
    /** Event names of one instance, in order, with what matters about each. */
    story: (id: InstanceId): string[] =>
      events.flatMap((event) => ('instance' in event && event.instance === id ? [wordOf(event)] : [])),
    pids: (): (number | undefined)[] => host.facts(STACK).map((fact) => fact.process?.pid),
  };
  const assembleOptions = (): SupervisorOptions => ({
    store,
    driver: host.openDriver(),
    prober,
    logBook: fakeLogBook(log),
    clock,
    random: seededRandom(options.seed ?? 1),
    redactor: { learn: () => {}, redact: (text) => text.replaceAll('hunter2', '[secret]') },
    describe: (stack, desired) => world.describe(stack, desired),
    fingerprints: ({ id, stack: { services } }) =>
      Object.fromEntries(services.map(({ name }) => [name, `${name}@${id}`])),
    listeningPorts: async () => world.listening,
    findStranger: async () => null,
    publish: (event) => void events.push(event),
    failed: (what) => void failures.push(what),
    bootId: host.bootId,
    ...(world.prepareStart ? { prepareStart: world.prepareStart } : {}),
  });
  return world;
};

const describe = (stack: string, desired: DesiredInstance, service: Service) => ({
  spec: {
    stack,
    id: instanceId(desired),
    command: service.command,
    workingFolder: '/srv/shop',
    env: {},
    user: null,
    limits: service.limits,
    stdoutPath: `/logs/${instanceId(desired)}.out`,
    stderrPath: `/logs/${instanceId(desired)}.err`,
    fingerprint: `${desired.release}`,
  },
  service,
  release: aRelease({ id: desired.release }),
});

const wordOf = (event: ReeveEvent): string => {
  switch (event.event) {
    case 'instance.exited':
      return `exited ${event.exit.code ?? event.exit.signal ?? 'unseen'}`;
    case 'health.changed':
      return event.to;
    default:
      return event.event.replace('instance.', '');
  }
};

const fakeLogBook = (lines: readonly LogLine[]): LogBook => ({
  async *read(files) {
    yield* lines.filter((line) => files.some(({ stream }) => stream === line.stream));
  },
  lastLines: async () => [],
  note: async () => {},
  retain: async () => true,
  archives: async () => [],
});
