import type { Health, Job, JobPhase, Probe, Route, Service } from '../model/stack.ts';
import { HEALTH_DEFAULTS, JOB_DEFAULTS, NAMED_PHASES, SERVICE_DEFAULTS } from './defaults.ts';
import { itemsOf } from './one-or-many.ts';
import { resolveReleasePath } from './paths.ts';
import type { Path } from './places.ts';
import { type ResolveContext, resolveCommand, resolveEnvironment } from './resolve-program.ts';
import type { WrittenService } from './schema/written-service.ts';
import type { WrittenJob } from './schema/written-stack.ts';
import { parseDuration, parseSize } from './units.ts';

export type ServiceContext = ResolveContext & { readonly stackName: string };

type WrittenHealth = Exclude<WrittenService['health'], string | null | undefined>;
type WrittenRoute = Extract<WrittenService['route'], { host?: string | undefined }>;

export const resolveService = (name: string, written: WrittenService, context: ServiceContext): Service => {
  const path: Path = ['services', name];
  const routes = itemsOf(written.route, []).map(({ item }) => resolveRoute(item, context.stackName));
  const port = resolvePort(written, routes);
  const { limits, stop } = written;
  return {
    name,
    kind: 'process',
    command: resolveCommand(written.run, written.shell, { path: [...path, 'run'], places: context.places }),
    ...resolveEnvironment(written, path, context),
    port,
    health: resolveHealth(written.health, port !== null, { path: [...path, 'health'], context }),
    routes,
    strategy: written.deploy ?? SERVICE_DEFAULTS.strategy,
    replicas: written.replicas ?? SERVICE_DEFAULTS.replicas,
    dependsOn: itemsOf(written.depends_on, []).map(({ item }) => ({
      service: typeof item === 'string' ? item : item.service,
      condition: (typeof item === 'string' ? undefined : item.condition) ?? SERVICE_DEFAULTS.condition,
    })),
    stop: {
      signal: stop?.signal ?? SERVICE_DEFAULTS.stopSignal,
      graceMs: milliseconds(stop?.grace, SERVICE_DEFAULTS.graceMs),
    },
    limits: {
      memoryBytes: limits?.memory === undefined ? null : parseSize(limits.memory),
      cpus: limits?.cpus ?? null,
      tasks: limits?.tasks ?? null,
    },
    user: written.user ?? null,
    workingFolder: resolveReleasePath(written.folder ?? ''),
    restart: written.restart ?? SERVICE_DEFAULTS.restart,
    drainMs: milliseconds(written.drain, SERVICE_DEFAULTS.drainMs),
    holdMs: milliseconds(written.hold, SERVICE_DEFAULTS.holdMs),
  };
};

export const resolveJob = (name: string, written: WrittenJob, context: ResolveContext): Job => {
  const path: Path = ['jobs', name];
  return {
    name,
    phase: written.phase ?? phaseByName(name) ?? 'manual',
    command: resolveCommand(written.run, written.shell, { path: [...path, 'run'], places: context.places }),
    ...resolveEnvironment(written, path, context),
    workingFolder: resolveReleasePath(written.folder ?? ''),
    user: written.user ?? null,
    timeoutMs: milliseconds(written.timeout, JOB_DEFAULTS.timeoutMs),
  };
};

export const phaseByName = (name: string): JobPhase | null =>
  NAMED_PHASES.find((phase) => phase === name) ?? null;

/** A duration whose shape was checked, in milliseconds. */
export const milliseconds = (written: string | undefined, otherwise: number): number =>
  (written === undefined ? null : parseDuration(written)) ?? otherwise;

/** The short forms: `true`, `host`, `host/path`, `/path`. */
export const resolveRoute = (written: string | true | WrittenRoute, stackName: string): Route => {
  const ownHost = `${stackName}.localhost`;
  if (written === true) return { host: ownHost, path: '/', stripPath: false };
  if (typeof written !== 'string') {
    return {
      host: (written.host ?? ownHost).toLowerCase(),
      path: withoutLastSlash(written.path ?? '/'),
      stripPath: written.strip_path ?? false,
    };
  }
  const slash = written.indexOf('/');
  const host = slash < 0 ? written : written.slice(0, slash);
  const path = slash < 0 ? '/' : written.slice(slash);
  return { host: (host || ownHost).toLowerCase(), path: withoutLastSlash(path), stripPath: false };
};

// `/api` and `/api/` are the same route: itself and everything below.
const withoutLastSlash = (path: string): string => (path.length > 1 ? path.replace(/\/$/, '') : path);

const resolvePort = (written: WrittenService, routes: readonly Route[]): Service['port'] => {
  if (written.port !== undefined) return written.port;
  const { health } = written;
  const isProbed = typeof health === 'string' || health?.http !== undefined || health?.tcp !== undefined;
  return routes.length > 0 || isProbed ? 'auto' : null;
};

const resolveHealth = (
  written: WrittenService['health'],
  hasPort: boolean,
  { path, context }: { readonly path: Path; readonly context: ResolveContext },
): Health => {
  const health: WrittenHealth = typeof written === 'string' ? { http: written } : (written ?? {});
  const ownProbe = resolveProbe(health, path, context);
  // What has a port is not good before it takes connections, unless the file says `health: null`.
  const probe = ownProbe ?? (hasPort && written !== null ? { kind: 'tcp' as const } : null);
  return {
    probe,
    intervalMs: milliseconds(health.interval, HEALTH_DEFAULTS.intervalMs),
    timeoutMs: milliseconds(health.timeout, HEALTH_DEFAULTS.timeoutMs),
    passes: health.passes ?? HEALTH_DEFAULTS.passes,
    failures: health.failures ?? HEALTH_DEFAULTS.failures,
    settleMs: milliseconds(health.settle, HEALTH_DEFAULTS.settleMs),
    withinMs: milliseconds(health.within, HEALTH_DEFAULTS.withinMs),
    progressExtends: health.progress_extends ?? HEALTH_DEFAULTS.progressExtends,
  };
};

const resolveProbe = (health: WrittenHealth, path: Path, { places }: ResolveContext): Probe | null => {
  if (health.http !== undefined) {
    return {
      kind: 'http',
      path: health.http,
      expectStatus: health.status ?? null,
      host: health.host ?? null,
    };
  }
  if (health.tcp !== undefined) return { kind: 'tcp' };
  if (health.exec !== undefined) {
    const command = resolveCommand(health.exec, health.shell, { path: [...path, 'exec'], places });
    return { kind: 'exec', command };
  }
  return health.log === undefined ? null : { kind: 'log', pattern: health.log };
};
