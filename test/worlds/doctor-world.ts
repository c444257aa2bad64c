// A healthy world for the doctor, and instances in it; a test names only what is wrong.
import type { UpstreamTraffic } from '../../src/model/edge.ts';
import type { InstanceStatus } from '../../src/model/health.ts';
import type { StackFacts, World } from '../../src/doctor/world.ts';

export const NOW = Date.UTC(2026, 0, 1, 12);
const GB = 1024 ** 3;

export const buildStatus = (parts: Partial<InstanceStatus> = {}): InstanceStatus => ({
  id: 'web-1-blue',
  service: 'web',
  slot: 1,
  seat: 'blue',
  release: 1,
  activity: 'running',
  health: 'healthy',
  words: '200 in 3 ms',
  pid: 100,
  port: 20_000,
  startedAt: NOW - 60_000,
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  rssBytes: null,
  cpuShare: null,
  ...parts,
});

const db = buildStatus({ id: 'db-1-blue', service: 'db', pid: 200, port: null });

export const buildStack = (...instances: readonly InstanceStatus[]): StackFacts => ({
  stack: 'shop',
  services: [
    { name: 'web', isRouted: true, hasMemoryLimit: true, dependsOn: ['db'] },
    { name: 'db', isRouted: false, hasMemoryLimit: false, dependsOn: [] },
  ],
  instances,
});

export const buildUpstream = (parts: Partial<UpstreamTraffic> = {}): UpstreamTraffic => ({
  service: 'web',
  slot: 1,
  seat: 'blue',
  port: 20_000,
  requests: 100,
  errors: 3,
  failed: 0,
  inFlight: 0,
  ...parts,
});

export const buildWorld = (parts: Partial<World> = {}): World => ({
  now: () => NOW,
  stacks: async () => [buildStack(buildStatus(), db)],
  lastLines: async () => ['Error: cannot open data/app.db'],
  listening: async (pid) => (pid === 100 ? [{ address: '127.0.0.1', port: 20_000 }] : []),
  takenPorts: async () => [22, 7080],
  edge: async () => ({
    name: 'builtin',
    isRunning: true,
    pid: 50,
    address: 'http://127.0.0.1:7080',
    version: '1',
    startedAt: NOW - 1000,
    sites: [],
  }),
  recentTraffic: async () => [buildUpstream()],
  disks: async () => [
    {
      path: '/var/lib/reeve',
      freeBytes: 50 * GB,
      totalBytes: 100 * GB,
      freeInodes: 900_000,
      totalInodes: 1_000_000,
    },
  ],
  canPunchHoles: async () => true,
  unfinishedChanges: async () => [],
  locks: async () => [],
  envFiles: async () => [{ stack: 'shop', path: '/srv/shop/.env', mode: 0o100600 }],
  host: async () => ({
    kernel: '6.1.0-18-amd64',
    openFilesLimit: 65_536,
    memoryTotalBytes: 4 * GB,
    memoryAvailableBytes: 2 * GB,
  }),
  driver: () => ({
    name: 'embedded',
    memoryLimit: 'kernel',
    cpuLimit: true,
    taskLimit: true,
    runsAsUser: true,
    survivesReboot: false,
  }),
  ...parts,
});
