import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from './prom-client.ts';

/**
 * The agent itself, under the names Prometheus has for processes. The library's own set keeps a timer running that would be
 * a good part of what an idle agent may cost.
 */
export const collectAgent = (registry: Registry): void => {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the agent.',
    registers,
    collect() {
      this.reset();
      const { user, system } = process.cpuUsage();
      this.inc((user + system) / 1_000_000);
    },
  });
  const add = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  add('process_resident_memory_bytes', 'Resident memory of the agent.', () => process.memoryUsage.rss());
  add('process_start_time_seconds', 'When the agent started.', () => performance.timeOrigin / 1000);
  add('process_open_fds', 'Files the agent has open.', countOpenFiles);
  add('nodejs_heap_size_used_bytes', 'Heap of the agent.', () => process.memoryUsage().heapUsed);
};

// Not everywhere is there a /proc.
const countOpenFiles = (): number => {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
};
