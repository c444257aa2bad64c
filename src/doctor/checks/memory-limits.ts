import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

/** Where the kernel does not keep memory limits, a burst between two looks can take the memory of others. */
export const checkMemoryLimits = async (world: World): Promise<readonly Finding[]> => {
  const { memoryLimit, name } = world.driver();
  if (memoryLimit === 'kernel') return [];
  const limited = (await world.stacks()).flatMap(({ stack, services }) =>
    services.filter(({ hasMemoryLimit }) => hasMemoryLimit).map((service) => `${stack}/${service.name}`),
  );
  if (limited.length === 0) return [];
  const isSampled = memoryLimit === 'sampled';
  return [
    {
      code: 'doctor.memory-sampled',
      severity: isSampled ? 'note' : 'warning',
      symptom: isSampled
        ? `Memory limits are kept by looking every few seconds, not by the kernel`
        : `Memory limits are not kept`,
      evidence: [`driver ${name}: memory limit ${memoryLimit}`, `limited: ${limited.join(', ')}`],
      cause: 'The agent has no cgroup of its own that it may divide',
      fix: 'Run the agent as a systemd service with Delegate=yes, or as root on a host with cgroup v2',
    },
  ];
};
