// Stacks as values, complete and small: a test names only what it is about.
import type { Revision } from '../../src/model/release.ts';
import type { Dependency, Health, Job, Route, Service, Stack } from '../../src/model/stack.ts';

export type ServiceParts = Partial<Omit<Service, 'health' | 'dependsOn' | 'routes'>> & {
  readonly health?: Partial<Health>;
  /** `db` waits until it is healthy, `db:started` only until it runs. */
  readonly dependsOn?: readonly string[];
  /** `shop.localhost` or `shop.localhost/api`. */
  readonly routes?: readonly string[];
};

export const buildService = (name: string, parts: ServiceParts = {}): Service => {
  const { health, dependsOn, routes, ...rest } = parts;
  return {
    name,
    kind: 'process',
    command: { argv: ['node', `${name}.ts`], shell: false },
    env: {},
    envFiles: [],
    required: [],
    port: routes && routes.length > 0 ? 'auto' : null,
    strategy: 'swap',
    replicas: 1,
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    limits: { memoryBytes: null, cpus: null, tasks: null },
    user: null,
    workingFolder: '',
    restart: 'always',
    drainMs: 30_000,
    holdMs: 30_000,
    ...rest,
    health: { ...HEALTH, ...(routes || health ? {} : { probe: null }), ...health },
    routes: (routes ?? []).map(toRoute),
    dependsOn: (dependsOn ?? []).map(toDependency),
  };
};

export const buildJob = (name: string, phase: Job['phase'], parts: Partial<Job> = {}): Job => ({
  name,
  phase,
  command: { argv: [name], shell: false },
  env: {},
  envFiles: [],
  required: [],
  workingFolder: '',
  user: null,
  timeoutMs: 60_000,
  ...parts,
});

export const buildStack = (services: readonly Service[], parts: Partial<Stack> = {}): Stack => ({
  name: 'shop',
  source: { kind: 'folder', path: '/srv/shop', exclude: [] },
  services,
  jobs: [],
  env: {},
  envFiles: [],
  required: [],
  shared: [],
  cache: [],
  retention: { releases: 5, logBytes: 64 << 20, archiveBytes: 256 << 20 },
  bake: { forMs: 10_000, maxErrorShare: 0.05, minRequests: 20 },
  warmMs: 600_000,
  ...parts,
});

/** `a1b2c3d Fix the footer` */
export const buildRevision = (text: string): Revision => {
  const [id = '', ...words] = text.split(' ');
  return { kind: 'git', id: id.padEnd(40, '0'), summary: words.join(' ') };
};

const HEALTH: Health = {
  probe: { kind: 'http', path: '/up', expectStatus: null, host: null },
  intervalMs: 1000,
  timeoutMs: 1000,
  passes: 2,
  failures: 3,
  settleMs: 1000,
  withinMs: 30_000,
  progressExtends: false,
};

const toRoute = (text: string): Route => {
  const slash = text.indexOf('/');
  return slash < 0
    ? { host: text, path: '/', stripPath: false }
    : { host: text.slice(0, slash), path: text.slice(slash), stripPath: false };
};

const toDependency = (text: string): Dependency => {
  const [service = '', condition = 'healthy'] = text.split(':');
  return { service, condition: condition as Dependency['condition'] };
};
