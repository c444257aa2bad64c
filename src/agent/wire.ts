// Brings the rooms together: the only file that sees both towers. What each gets is visible here, and nowhere else.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { every } from '../chores/every.ts';
import { createLogChores } from '../chores/keep-logs.ts';
import { openEmbeddedDriver } from '../drivers/embedded/embedded-driver.ts';
import { openBuiltinEdge } from '../edge/builtin/open-builtin-edge.ts';
import { ChangeQueue } from '../engine/change-queue.ts';
import type { Hands } from '../engine/hands.ts';
import { retireWarm } from '../engine/retire.ts';
import { identify } from '../kit/process-identity.ts';
import { realClock as clock } from '../kit/real-clock.ts';
import { type Layout, sourcesFolder } from '../model/layout.ts';
import { canPunchHoles } from '../logs/punch-hole.ts';
import { createRotation } from '../chores/rotate-logs.ts';
import { createLogBook } from '../logs/log-book.ts';
import { allListeningPorts, findStranger, listeningPorts } from '../probes/listening-ports.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { Rebuilt } from '../ports/store.ts';
import { createProber } from '../probes/prober.ts';
import { createEnvironments } from '../releases/environments.ts';
import { learnRetiredSecrets, learnSecrets } from '../releases/placed-env.ts';
import { createReleaseDisk } from '../releases/release-disk.ts';
import { createSecretSource } from '../secrets/secret-source.ts';
import { createSource } from '../sources/source.ts';
import { Supervisor } from '../supervise/supervisor.ts';
import { describeCall } from './describe-call.ts';
import { createEventBus } from './event-bus.ts';
import { changeHandlers } from './handlers/changes.ts';
import { hostHandlers } from './handlers/host.ts';
import { stackHandlers } from './handlers/stacks.ts';
import type { Handlers } from './handlers/table.ts';
import type { Called } from './server.ts';
import { openMemory } from './wire-memory.ts';
import { meter, wireDoctor, wireMetrics } from './wire-watching.ts';

export type WireOptions = {
  readonly layout: Layout;
  readonly edgePort: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** It learns every secret that the rooms meet; what writes a log or an answer masks with it. */
  readonly redactor: Redactor;
  readonly failed: (what: string, error: unknown) => void;
  readonly stop: () => void;
};

export type Wired = {
  readonly handlers: Handlers;
  readonly audit: (entry: Called) => void;
  /** What this agent found when it came, for its log. */
  readonly found: Readonly<Record<string, number>>;
  /** What was put together anew because the state database was lost; null where it was not. */
  readonly rebuilt: Rebuilt | null;
  /** Goes on with interrupted changes, and begins the standing duties. */
  readonly resume: () => void;
  /** Leaves everything as it is: what runs goes on, changes wait for the next agent. */
  readonly close: () => Promise<void>;
};

const NOTE_LOGS_MS = 1000;
const RETAIN_LOGS_MS = 5000;
const RETAIN_JOB_LOGS_MS = 600_000;
const RETIRE_WARM_MS = 5000;
const ENSURE_EDGE_MS = 5000;
const REMEMBER_TRAFFIC_MS = 10_000;

// Two agents of one host look for free ports from different places on.
const autoPortsOf = (home: string): number =>
  20_000 + (createHash('sha256').update(home).digest().readUInt16BE() % 500) * 20;

export const wire = async (options: WireOptions): Promise<Wired> => {
  const { layout, redactor, failed } = options;
  const startedAt = clock.now();
  const noticed = (words: string): void => failed(words, null);
  const bus = createEventBus((error) => failed('a listener of events', error));
  const { publish } = bus;

  const logBook = createLogBook({ redactor, clock, log: noticed });
  const secrets = createSecretSource();
  const agentEnv = { ...options.env, REEVE_NODE: process.execPath };
  const source = createSource({
    cacheFolder: sourcesFolder(layout),
    redactor,
    env: agentEnv,
    skip: [layout.home],
  });
  const releaseDisk = createReleaseDisk({ layout, source, secrets, redactor, agentEnv });
  const driver = await openEmbeddedDriver({ layout, clock, log: noticed });
  const edge = openBuiltinEdge({ layout, listen: { host: '127.0.0.1', port: options.edgePort }, noticed });
  const environments = createEnvironments({ layout, secrets, redactor, agentEnv });
  const memory = { layout, redactor, driver, edge, releaseDisk, environments };
  const { store, rebuilt } = await openMemory(memory).catch(async (error: unknown) => {
    // What watches would keep this process alive.
    await edge.close();
    await driver.close();
    throw error;
  });
  learnAllSecrets();
  const canFreeLogs = await canPunchHoles(layout.home);
  const rotation = createRotation({
    driver,
    rotate: logBook.rotateAtRestart,
    retentionOf: ({ stack, env }) =>
      store.releases.get(stack, Number(env.REEVE_RELEASE))?.stack.retention ?? null,
  });

  const supervision = new Supervisor({
    store,
    driver,
    prober: meter(createProber({ redactor }), (...seen) => metrics.observeProbe(...seen)),
    logBook,
    clock,
    random: Math.random,
    redactor,
    describe: (stack, desired) => {
      const release = store.releases.get(stack, desired.release);
      if (!release) throw new Error(`release ${desired.release} of "${stack}" is not on record`);
      return { ...releaseDisk.describeInstance(release, desired), release };
    },
    fingerprints: (release) => environments.ofRelease(release),
    ...(canFreeLogs ? {} : { prepareStart: rotation }),
    listeningPorts,
    findStranger,
    publish,
    failed,
  });

  const watched = { layout, store, supervision, edge, driver, logBook, now: clock.now };
  const metrics = wireMetrics(watched);
  const doctor = wireDoctor(watched);
  bus.subscribe(metrics.observe);

  const hands: Hands = {
    store,
    supervision,
    edge,
    source,
    releases: releaseDisk,
    environments,
    driver,
    logBook,
    clock,
    listeningPorts: allListeningPorts,
    autoPortsFrom: autoPortsOf(layout.home),
    holder: { host: hostname(), process: identify(process.pid) },
    homeFolder: options.env.HOME ?? null,
    publish,
    failed,
  };
  const queue = new ChangeQueue(hands);
  const adoptionBegan = clock.monotonic();
  await supervision.open();
  const adoptedInMs = Math.round(clock.monotonic() - adoptionBegan);
  // Without an edge the rest goes on all the same: what has no route, restarts, and everybody who asks what is wrong.
  const ensureEdge = async (): Promise<void> => {
    if ((await edge.status()).sites.length > 0) await edge.ensureRunning();
  };
  await ensureEdge().catch((error: unknown) => failed('the edge could not be started', error));

  const views = { store, supervision, edge, refreshUsage: () => supervision.refreshUsage() };
  const handlers: Handlers = {
    ...changeHandlers(
      {
        plan: (wish) => queue.plan(wish),
        submit: (wish, by, signal) => queue.submit(wish, by, signal),
        cancel: (id) => queue.cancel(id),
      },
      store,
      bus,
    ),
    ...stackHandlers({ ...views, layout, logBook, releaseDisk }),
    ...hostHandlers({
      store,
      edge,
      bus,
      stop: options.stop,
      metrics: () => metrics.text(),
      examine: doctor.examine,
      status: () => ({
        version: options.version,
        pid: process.pid,
        startedAt,
        home: layout.home,
        socket: layout.socket,
        driver: driver.capabilities.name,
        edge: edge.capabilities.name,
        stacks: store.stacks.list().length,
        instances: store.instances.list(null).length,
        rssBytes: process.memoryUsage.rss(),
        ...(rebuilt ? { rebuilt } : {}),
      }),
    }),
  };

  const logs = createLogChores({ store, logBook, layout, now: clock.now });
  const duties = [
    { ms: REMEMBER_TRAFFIC_MS, duty: doctor.rememberTraffic, what: 'traffic could not be remembered' },
    { ms: NOTE_LOGS_MS, duty: logs.note, what: 'the growth of logs could not be noted' },
    { ms: RETAIN_LOGS_MS, duty: logs.retain, what: 'a log could not be kept within its bounds' },
    { ms: RETAIN_JOB_LOGS_MS, duty: logs.retainJobs, what: 'old output of jobs could not be removed' },
    { ms: RETIRE_WARM_MS, duty: () => retireWarm(hands, queue), what: 'warm copies could not be retired' },
    { ms: ENSURE_EDGE_MS, duty: ensureEdge, what: 'the edge could not be started' },
  ];
  const ends: (() => void)[] = [];

  // Also of stacks that were taken down: their logs can be read still.
  function learnAllSecrets(): void {
    const releases = store.releases.onDisk();
    const learn = (what: string, teach: () => void): void => {
      try {
        teach();
      } catch (error) {
        failed(`the secrets of ${what} are not known, and not masked`, error);
      }
    };
    for (const { stack, id } of releases) {
      learn(`release ${id} of "${stack}"`, () => learnSecrets(layout, redactor, { stack, id }));
    }
    for (const stack of new Set(releases.map((release) => release.stack))) {
      learn(`older releases of "${stack}"`, () => learnRetiredSecrets(layout, redactor, stack));
    }
  }

  return {
    handlers,
    audit: (entry) => store.audit.append({ at: clock.now(), ...describeCall(entry) }),
    rebuilt,
    found: {
      stacks: store.stacks.list().length,
      instances: store.instances.list(null).length,
      unfinishedChanges: store.journal.unfinished().length,
      adoptedInMs,
    },
    resume: () => {
      queue.resume();
      for (const { ms, duty, what } of duties)
        ends.push(every(clock, ms, duty, (error) => failed(what, error)));
    },
    close: async () => {
      for (const end of ends) end();
      bus.close();
      const suspended = queue.suspend();
      // Or a step would wait until a program that takes its time has stopped.
      supervision.close();
      await suspended;
      await edge.close();
      await driver.close();
      store.close();
    },
  };
};
