import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

/** Whether the edge runs where routes need it, and who has its port where it does not. */
export const checkEdge = async (world: World): Promise<readonly Finding[]> => {
  const stacks = await world.stacks();
  const routed = stacks.filter(({ services }) => services.some(({ isRouted }) => isRouted));
  const edge = await world.edge();
  if (edge.isRunning || routed.length === 0) return [];
  const url = new URL(edge.address);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const evidence = [`edge ${edge.name} at ${edge.address}: no process`];
  const down: Finding = {
    code: 'doctor.edge-down',
    severity: 'error',
    symptom: `The edge does not run, and ${routed.map(({ stack }) => `"${stack}"`).join(', ')} has routes through it`,
    evidence,
    cause: 'Its process ended, and nothing has started it since',
    fix: 'Start it: reeve up, in the folder of a stack file; why it ended: edge.log in the state folder',
  };
  if (!(await world.takenPorts()).includes(port)) return [down];
  const taken: Finding = {
    code: 'doctor.edge-port-taken',
    severity: 'error',
    symptom: `Another program listens on port ${port}, which is the edge's`,
    evidence: [...evidence, `something listens on port ${port}`],
    cause: 'Two programs can not have one port: a web server of the host, or another agent',
    fix: `Find it with: ss -ltnp 'sport = :${port}'; end it, or start the agent with another REEVE_EDGE_PORT`,
  };
  return [taken, down];
};
