// Promises: what the agent knows, as Prometheus metrics; labels are names that Reeve gave, so their number is bounded and
// none is a secret. Must never know: how instances run, or how the edge serves.
import type { Change } from '../model/change.ts';
import { isEnded } from '../model/change.ts';
import type { UpstreamTraffic } from '../model/edge.ts';
import type { ReeveEvent } from '../model/event.ts';
import type { InstanceStatus, ProbeAnswer } from '../model/health.ts';
import type { LockRecord } from '../model/lock.ts';
import { isName, type Name, parseInstanceId } from '../model/names.ts';
import type { Usage } from '../ports/driver.ts';
import { collectAgent } from './agent-process.ts';
import { Counter, Gauge, Histogram, Registry } from './prom-client.ts';
import { createRunningTotals } from './running-totals.ts';

/** Where the figures come from; asked when somebody asks for metrics, never in between. */
export type MetricsSources = {
  readonly instances: () => readonly { readonly stack: Name; readonly statuses: readonly InstanceStatus[] }[];
  /** Keyed `<stack>/<instance>`, as Driver.usage has it. */
  readonly usage: () => Promise<ReadonlyMap<string, Usage>>;
  readonly traffic: () => Promise<
    readonly { readonly stack: Name; readonly upstreams: readonly UpstreamTraffic[] }[]
  >;
  readonly locks: () => readonly LockRecord[];
  /** From the journal; events do not say of what kind a change is. */
  readonly change: (id: number) => Change | null;
};

export type Metrics = {
  readonly observe: (event: ReeveEvent) => void;
  /** One answer of a service's probe. */
  readonly observeProbe: (stack: Name, service: Name, answer: ProbeAnswer) => void;
  /** Text exposition format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

export const createMetrics = (sources: MetricsSources): Metrics => {
  const registry = new Registry();
  const observers = createObservers(registry, sources);
  addInstances(registry, sources);
  addEdge(registry, sources);
  addLocks(registry, sources);
  collectAgent(registry);
  return { ...observers, text: () => registry.metrics(), contentType: registry.contentType };
};

/** From a fast script to an hour of building. */
const CHANGE_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600];
const PROBE_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

const createObservers = (registry: Registry, sources: MetricsSources) => {
  const registers = [registry];
  const restarts = new Counter({
    name: 'reeve_instance_restarts_total',
    help: 'Starts after an end that nobody asked for.',
    labelNames: ['stack', 'service'],
    registers,
  });
  const exits = new Counter({
    name: 'reeve_instance_exits_total',
    help: 'Ends of instances: clean (exit code 0), error, or signal.',
    labelNames: ['stack', 'service', 'how'],
    registers,
  });
  const changes = new Histogram({
    name: 'reeve_change_duration_seconds',
    help: 'From opened to closed.',
    labelNames: ['stack', 'kind', 'outcome'],
    buckets: CHANGE_SECONDS,
    registers,
  });
  const probes = new Histogram({
    name: 'reeve_probe_duration_seconds',
    help: 'Time to the answer of a probe, by what it said.',
    labelNames: ['stack', 'service', 'state'],
    buckets: PROBE_SECONDS,
    registers,
  });

  const observe = (event: ReeveEvent): void => {
    if (event.event === 'instance.exited') {
      const labels = { stack: label(event.stack), service: label(parseInstanceId(event.instance)?.service) };
      const { code, signal } = event.exit;
      exits.inc({ ...labels, how: signal ? 'signal' : code === 0 ? 'clean' : 'error' });
      if (event.willRestartAt !== null) restarts.inc(labels);
    }
    if (event.event === 'change.closed' && isEnded(event.state)) {
      const change = sources.change(event.change);
      if (!change) return;
      const labels = { stack: label(event.stack), kind: change.plan.kind, outcome: event.state };
      changes.observe(labels, Math.max(0, event.at - change.openedAt) / 1000);
    }
  };

  return {
    observe,
    observeProbe: (stack: Name, service: Name, { state, tookMs }: ProbeAnswer): void =>
      probes.observe({ stack: label(stack), service: label(service), state }, tookMs / 1000),
  };
};

const addInstances = (registry: Registry, { instances, usage }: MetricsSources): void => {
  const registers = [registry];
  const all = () =>
    instances().flatMap(({ stack, statuses }) => statuses.map((status) => ({ stack: label(stack), status })));

  new Gauge({
    name: 'reeve_instances',
    help: 'Instances by what they do and how well they are.',
    labelNames: ['stack', 'service', 'activity', 'health'],
    registers,
    collect() {
      this.reset();
      for (const { stack, status } of all()) {
        const { service, activity, health } = status;
        this.inc({ stack, service: label(service), activity, health });
      }
    },
  });
  new Gauge({
    name: 'reeve_instance_resident_memory_bytes',
    help: 'Of the whole process tree.',
    labelNames: ['stack', 'service', 'instance'],
    registers,
    collect() {
      this.reset();
      for (const { stack, status } of all()) {
        if (status.rssBytes === null) continue;
        this.set({ stack, service: label(status.service), instance: label(status.id) }, status.rssBytes);
      }
    },
  });
  new Counter({
    name: 'reeve_instance_cpu_seconds_total',
    help: 'Of the whole process tree, since its start.',
    labelNames: ['stack', 'service', 'instance'],
    registers,
    async collect() {
      this.reset();
      const used = await usage();
      for (const { stack, status } of all()) {
        const cpuMs = used.get(`${stack}/${status.id}`)?.cpuMs;
        if (cpuMs === undefined) continue;
        this.inc({ stack, service: label(status.service), instance: label(status.id) }, cpuMs / 1000);
      }
    },
  });
};

const addEdge = (registry: Registry, { traffic }: MetricsSources): void => {
  const totals = createRunningTotals();
  const add = (name: string, help: string, read: (upstream: UpstreamTraffic) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ['stack', 'service'],
      registers: [registry],
      async collect() {
        for (const { stack, upstreams } of await traffic()) {
          for (const upstream of upstreams) {
            const growth = totals.grow(`${name} ${stack} ${upstream.port}`, read(upstream));
            this.inc({ stack: label(stack), service: label(upstream.service) }, growth);
          }
        }
      },
    });
  };
  add('reeve_edge_requests_total', 'Requests the edge sent to a service.', ({ requests }) => requests);
  add('reeve_edge_errors_total', 'Answers of 500 and above that a service gave.', ({ errors }) => errors);
  add(
    'reeve_edge_failures_total',
    'Requests the edge answered with 502 or 504 for a service.',
    ({ failed }) => failed,
  );
  new Gauge({
    name: 'reeve_edge_requests_in_flight',
    help: 'Requests a service has not answered yet.',
    labelNames: ['stack', 'service'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { stack, upstreams } of await traffic()) {
        for (const { service, inFlight } of upstreams)
          this.inc({ stack: label(stack), service: label(service) }, inFlight);
      }
    },
  });
};

const addLocks = (registry: Registry, { locks }: MetricsSources): void => {
  new Gauge({
    name: 'reeve_lock_held',
    help: '1 while the lock of a stack is held, by a deploy or by somebody else.',
    labelNames: ['stack', 'owner'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { stack, owner } of locks()) {
        const isDeploy = owner === 'deploy';
        this.set({ stack: label(stack), owner: 'deploy' }, isDeploy ? 1 : 0);
        this.set({ stack: label(stack), owner: 'other' }, !isDeploy && owner !== 'free' ? 1 : 0);
      }
    },
  });
  new Gauge({
    name: 'reeve_lock_acquired_timestamp_seconds',
    help: 'When the lock was taken; absent while it is free.',
    labelNames: ['stack'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { stack, owner, acquiredAt } of locks())
        if (owner !== 'free') this.set({ stack: label(stack) }, acquiredAt / 1000);
    },
  });
};

// Only names become labels: whatever else comes, be it from outside, is one label value.
const label = (text: string | undefined): string => (text !== undefined && isLabel(text) ? text : 'other');

const isLabel = (text: string): boolean => isName(text) || parseInstanceId(text) !== null;
