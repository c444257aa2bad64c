import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMounts } from './cgroup-mounts.ts';

describe('parseMounts', () => {
  it('finds the own group of a pure version 2 host', () => {
    const mounts = '29 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
    assert.deepEqual(parseMounts(mounts, '0::/system.slice/reeve.service\n'), [
      { kind: 'unified', own: '/sys/fs/cgroup/system.slice/reeve.service' },
    ]);
  });

  it('finds each controller of a host that has both versions', () => {
    const mounts = [
      '30 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '31 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '32 24 0:29 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw',
      '33 24 0:30 / /proc rw - proc proc rw',
    ].join('\n');
    assert.deepEqual(parseMounts(mounts, '4:memory:/box\n3:cpu,cpuacct:/\n0::/\n'), [
      { kind: 'memory', own: '/sys/fs/cgroup/memory/box' },
      { kind: 'cpu', own: '/sys/fs/cgroup/cpu,cpuacct' },
      { kind: 'unified', own: '/sys/fs/cgroup/unified' },
    ]);
  });

  it('tells a path from the mounted part when a container shows only that', () => {
    const mounts = '30 24 0:27 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n';
    assert.deepEqual(parseMounts(mounts, '8:pids:/docker/abc/inner\n'), [
      { kind: 'pids', own: '/sys/fs/cgroup/pids/inner' },
    ]);
  });
});
