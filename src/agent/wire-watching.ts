// Wires what only looks: metrics and the doctor.
import { stat } from 'node:fs/promises';
import { examine } from '../doctor/examine.ts';
import { readDisks, readHost } from '../doctor/read-host.ts';
import { createTrafficMemory } from '../doctor/recent-traffic.ts';
import type { EnvFileFacts, StackFacts, World } from '../doctor/world.ts';
import { isAlive } from '../kit/process-identity.ts';
import { canPunchHoles } from '../logs/punch-hole.ts';
import { isEnded } from '../model/change.ts';
import { instanceLogPath, type Layout, logsFolder, releasesFolder } from '../model/layout.ts';
import type { Name } from '../model/names.ts';
import type { Stack } from '../model/stack.ts';
import type { Driver } from '../ports/driver.ts';
import type { Edge } from '../ports/edge.ts';
import type { LogBook } from '../ports/log-book.ts';
import type { Prober } from '../ports/prober.ts';
import type { Store } from '../ports/store.ts';
import { allListeningPorts, listeningPorts } from '../probes/listening-ports.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';

export type Watched = {
  readonly layout: Layout;
  readonly store: Store;
  readonly supervision: Supervisor;
  readonly edge: Edge;
  readonly driver: Driver;
  readonly logBook: LogBook;
  readonly now: () => number;
};

export const wireMetrics = ({ store, supervision, edge, driver }: Watched): Metrics => {
  const names = (): Name[] => store.stacks.list().map(({ name }) => name);
  return createMetrics({
    instances: () => names().map((stack) => ({ stack, statuses: supervision.status(stack) })),
    usage: () => driver.usage(),
    traffic: () =>
      Promise.all(names().map(async (stack) => ({ stack, upstreams: await edge.traffic(stack) }))),
    locks: () => names().map((stack) => store.lock.read(stack)),
    change: (id) => store.journal.get(id),
  });
};

/** The prober, and what it answers counted: a program's own environment says whose it is. */
export const meter = (prober: Prober, observeProbe: Metrics['observeProbe']): Prober => ({
  probe: async (target, signal) => {
    const answer = await prober.probe(target, signal);
    const { REEVE_STACK: stack, REEVE_SERVICE: service } = target.env;
    if (stack && service) observeProbe(stack, service, answer);
    return answer;
  },
});

export const wireDoctor = (watched: Watched) => {
  const memory = createTrafficMemory();
  const { store, edge, now } = watched;
  return {
    examine: (only: Name | null) => examine(worldOf(watched, memory, only)),
    rememberTraffic: async () => {
      for (const { name } of store.stacks.list()) memory.remember(name, now(), await edge.traffic(name));
    },
  };
};

const worldOf = (
  watched: Watched,
  memory: ReturnType<typeof createTrafficMemory>,
  only: Name | null,
): World => {
  const { layout, store, supervision, edge, driver, logBook, now } = watched;
  const names = (): Name[] =>
    store.stacks
      .list()
      .map(({ name }) => name)
      .filter((name) => only === null || name === only);
  const current = (stack: Name): Stack | null => store.releases.current(stack)?.stack ?? null;
  return {
    now,
    stacks: async () => {
      await supervision.refreshUsage();
      return names().map((stack) => stackFacts(stack, current(stack), supervision));
    },
    lastLines: async (stack, instance, count) => {
      const read = (stream: 'out' | 'err') =>
        logBook.lastLines(
          { path: instanceLogPath(layout, stack, instance, stream), stream, instance },
          count,
        );
      return [...(await read('out')), ...(await read('err'))].slice(-count);
    },
    listening: listeningPorts,
    takenPorts: allListeningPorts,
    edge: () => edge.status(),
    recentTraffic: async (stack) => memory.recent(stack, now(), await edge.traffic(stack)),
    disks: () =>
      readDisks([
        layout.home,
        ...names().flatMap((stack) => [releasesFolder(layout, stack), logsFolder(layout, stack)]),
      ]),
    canPunchHoles: () => canPunchHoles(layout.home),
    unfinishedChanges: async () =>
      names().flatMap((stack) =>
        store.journal.list({ stack, limit: 20 }).filter(({ state }) => !isEnded(state)),
      ),
    locks: async () =>
      names().map((stack) => {
        const record = store.lock.read(stack);
        const holder = record.holder?.process ?? null;
        return { record, isHolderAlive: holder && isAlive(holder) };
      }),
    envFiles: async () =>
      (await Promise.all(names().map((stack) => envFileFacts(stack, current(stack))))).flat(),
    host: readHost,
    driver: () => driver.capabilities,
  };
};

const stackFacts = (name: Name, stack: Stack | null, supervision: Supervisor): StackFacts => ({
  stack: name,
  services: (stack?.services ?? []).map((service) => ({
    name: service.name,
    isRouted: service.routes.length > 0,
    hasMemoryLimit: service.limits.memoryBytes !== null,
    dependsOn: service.dependsOn.map((dependency) => dependency.service),
  })),
  instances: supervision.status(name),
});

const envFileFacts = async (name: Name, stack: Stack | null): Promise<EnvFileFacts[]> => {
  const paths = new Set(
    [...(stack?.envFiles ?? []), ...(stack?.services ?? []).flatMap(({ envFiles }) => envFiles)].map(
      ({ path }) => path,
    ),
  );
  const facts = await Promise.all(
    [...paths].map(async (path) => {
      const found = await stat(path).catch(() => null);
      return found ? [{ stack: name, path, mode: found.mode & 0o777 }] : [];
    }),
  );
  return facts.flat();
};
