import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../model/change.ts';
import type { UpstreamTraffic } from '../model/edge.ts';
import type { InstanceStatus } from '../model/health.ts';
import { createMetrics, type MetricsSources } from './metrics.ts';

const web: InstanceStatus = {
  id: 'web-1-blue',
  service: 'web',
  slot: 1,
  seat: 'blue',
  release: 3,
  activity: 'running',
  health: 'healthy',
  words: '200 in 3 ms',
  pid: 10,
  port: 20_000,
  startedAt: 0,
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  rssBytes: 1024,
  cpuShare: 0.1,
};

const upstream = (port: number, requests: number, failed = 0): UpstreamTraffic => ({
  service: 'web',
  slot: 1,
  seat: 'blue',
  port,
  requests,
  errors: 0,
  failed,
  inFlight: 2,
});

const change = { openedAt: 1000, plan: { kind: 'deploy' } } as unknown as Change;

const build = (parts: Partial<MetricsSources> = {}) =>
  createMetrics({
    instances: () => [{ stack: 'shop', statuses: [web] }],
    usage: async () => new Map([['shop/web-1-blue', { rssBytes: 1024, cpuMs: 2500 }]]),
    traffic: async () => [{ stack: 'shop', upstreams: [upstream(20_000, 5, 1)] }],
    locks: () => [],
    change: () => change,
    ...parts,
  });

const lines = async (metrics: { readonly text: () => Promise<string> }, name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

describe('metrics', () => {
  it('shows instances by state, with their memory and processor time', async () => {
    const metrics = build();
    assert.deepEqual(await lines(metrics, 'reeve_instances{'), [
      'reeve_instances{stack="shop",service="web",activity="running",health="healthy"} 1',
    ]);
    assert.deepEqual(await lines(metrics, 'reeve_instance_resident'), [
      'reeve_instance_resident_memory_bytes{stack="shop",service="web",instance="web-1-blue"} 1024',
    ]);
    assert.deepEqual(await lines(metrics, 'reeve_instance_cpu'), [
      'reeve_instance_cpu_seconds_total{stack="shop",service="web",instance="web-1-blue"} 2.5',
    ]);
  });

  it('forgets instances that are gone', async () => {
    let statuses: readonly InstanceStatus[] = [web];
    const metrics = build({ instances: () => [{ stack: 'shop', statuses }] });
    await metrics.text();
    statuses = [];
    assert.deepEqual(await lines(metrics, 'reeve_instances{'), []);
    assert.deepEqual(await lines(metrics, 'reeve_instance_cpu'), []);
  });

  it('counts restarts and ends when instances exit', async () => {
    const metrics = build();
    const exited = { event: 'instance.exited', at: 1, stack: 'shop', instance: 'web-1-blue' } as const;
    metrics.observe({ ...exited, exit: { code: 1, signal: null, at: 1 }, willRestartAt: 2 });
    metrics.observe({ ...exited, exit: { code: null, signal: 'SIGKILL', at: 1 }, willRestartAt: 2 });
    metrics.observe({ ...exited, exit: { code: 0, signal: null, at: 1 }, willRestartAt: null });
    assert.deepEqual(await lines(metrics, 'reeve_instance_restarts_total{'), [
      'reeve_instance_restarts_total{stack="shop",service="web"} 2',
    ]);
    assert.equal((await lines(metrics, 'reeve_instance_exits_total{')).length, 3);
  });

  it('measures changes by kind and outcome, and probes by service', async () => {
    const metrics = build();
    const closed = { event: 'change.closed', stack: 'shop', change: 7, sentence: '', error: null } as const;
    metrics.observe({ ...closed, at: 3000, state: 'done' });
    metrics.observeProbe('shop', 'web', { state: 'healthy', words: '200', tookMs: 4, progress: null });
    assert.deepEqual(await lines(metrics, 'reeve_change_duration_seconds_sum'), [
      'reeve_change_duration_seconds_sum{stack="shop",kind="deploy",outcome="done"} 2',
    ]);
    assert.deepEqual(await lines(metrics, 'reeve_probe_duration_seconds_sum'), [
      'reeve_probe_duration_seconds_sum{stack="shop",service="web",state="healthy"} 0.004',
    ]);
  });

  it('keeps the requests of a service growing when instances go and the edge starts again', async () => {
    let upstreams: readonly UpstreamTraffic[] = [upstream(20_000, 5), upstream(20_001, 7)];
    const metrics = build({ traffic: async () => [{ stack: 'shop', upstreams }] });
    const total = async (): Promise<string | undefined> =>
      (await lines(metrics, 'reeve_edge_requests_total{'))[0]?.split(' ')[1];
    assert.equal(await total(), '12');
    upstreams = [upstream(20_001, 8)];
    assert.equal(await total(), '13');
    upstreams = [upstream(20_001, 2)];
    assert.equal(await total(), '15');
  });

  it('shows who holds the lock without naming the task', async () => {
    const lock = { stack: 'shop', owner: 'export', task: 'token=hunter2', acquiredAt: 5000 };
    const metrics = build({ locks: () => [lock] as unknown as ReturnType<MetricsSources['locks']> });
    assert.deepEqual(await lines(metrics, 'reeve_lock_'), [
      'reeve_lock_held{stack="shop",owner="deploy"} 0',
      'reeve_lock_held{stack="shop",owner="other"} 1',
      'reeve_lock_acquired_timestamp_seconds{stack="shop"} 5',
    ]);
    assert.doesNotMatch(await metrics.text(), /hunter2/);
  });

  it('makes one label of everything that is not a name', async () => {
    const metrics = build();
    for (const stack of ['a"b', 'x\ny', 'Shop', 'p'.repeat(60)]) {
      metrics.observeProbe(stack, stack, { state: 'healthy', words: '', tookMs: 1, progress: null });
    }
    assert.deepEqual(await lines(metrics, 'reeve_probe_duration_seconds_count'), [
      'reeve_probe_duration_seconds_count{stack="other",service="other",state="healthy"} 4',
    ]);
  });

  it('is valid in the text exposition format', async () => {
    const metrics = build();
    metrics.observeProbe('shop', 'web', { state: 'healthy', words: '200', tookMs: 4, progress: null });
    const text = await metrics.text();
    assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
    assert.ok(text.endsWith('\n'));
    const types = new Map<string, string>();
    const series = new Set<string>();
    for (const line of text.split('\n').filter((each) => each !== '')) {
      if (line.startsWith('# HELP ')) continue;
      const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
      if (type) {
        assert.ok(!types.has(type[1]!), `${type[1]} is declared once`);
        types.set(type[1]!, type[2]!);
        continue;
      }
      const sample = /^([a-z_]+)(\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? (\S+)$/.exec(line);
      assert.ok(sample, line);
      const family = types.has(sample[1]!) ? sample[1]! : sample[1]!.replace(/_(bucket|sum|count)$/, '');
      assert.ok(types.has(family), `${family} is declared`);
      if (types.get(family) === 'counter') assert.match(family, /_total$/);
      assert.ok(Number.isFinite(Number(sample[3])), line);
      assert.ok(!series.has(`${sample[1]}${sample[2]}`), `${line} is there once`);
      series.add(`${sample[1]}${sample[2]}`);
    }
    assert.ok(types.size >= 15);
  });
});
