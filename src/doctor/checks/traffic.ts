import { instanceId } from '../../model/names.ts';
import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

/** Requests of the last minutes that the edge had to answer itself, because an instance did not. */
export const checkTraffic = async (world: World): Promise<readonly Finding[]> => {
  const stacks = await world.stacks();
  const findings = await Promise.all(
    stacks.map(async ({ stack }) => {
      const traffic = await world.recentTraffic(stack);
      return traffic
        .filter(({ failed }) => failed > 0)
        .map((upstream): Finding => {
          const id = instanceId(upstream);
          return {
            stack,
            service: upstream.service,
            instance: id,
            code: 'doctor.edge-refused',
            severity: 'warning',
            symptom: `The edge got no answer from "${id}" of "${stack}" to ${upstream.failed} requests in the last minutes`,
            evidence: [
              `port ${upstream.port}: ${upstream.requests} requests, ${upstream.failed} without an answer, ${upstream.errors} of 500 and above`,
            ],
            cause: 'The instance refused connections, broke them, or took too long',
            fix: `See what it did meanwhile: reeve logs ${id}`,
          };
        });
    }),
  );
  return findings.flat();
};
