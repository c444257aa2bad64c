import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

/** What probes say of instances that run. */
export const checkHealth = async (world: World): Promise<readonly Finding[]> => {
  const stacks = await world.stacks();
  return stacks.flatMap(({ stack, instances }) =>
    instances.flatMap(({ id, service, activity, health, words }): Finding[] => {
      if (activity !== 'running' || (health !== 'unhealthy' && health !== 'degraded')) return [];
      const isUnhealthy = health === 'unhealthy';
      return [
        {
          stack,
          service,
          instance: id,
          code: isUnhealthy ? 'doctor.unhealthy' : 'doctor.degraded',
          severity: isUnhealthy ? 'error' : 'warning',
          symptom: `"${id}" of "${stack}" is ${health}: ${words}`,
          evidence: [`probe: ${words}`],
          cause: isUnhealthy
            ? 'The program runs and does not answer its probe as it should'
            : 'The program says itself that a part of it does not work',
          fix: `See what it says: reeve logs ${id}`,
        },
      ];
    }),
  );
};
