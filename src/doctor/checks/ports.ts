import { formatDuration } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { InstanceStatus } from '../../model/health.ts';
import type { Name } from '../../model/names.ts';
import type { Listening, World } from '../world.ts';

/** Before that a program may still be on its way to its port. */
const PATIENCE_MS = 10_000;

/** Whether running programs listen where they should, and only there. */
export const checkPorts = async (world: World): Promise<readonly Finding[]> => {
  const isEdgeLocal = isLoopback(new URL((await world.edge()).address).hostname);
  const stacks = await world.stacks();
  const findings = await Promise.all(
    stacks.flatMap(({ stack, instances }) =>
      instances.map((instance) => checkInstance(world, stack, instance, isEdgeLocal)),
    ),
  );
  return findings.flat();
};

const checkInstance = async (
  world: World,
  stack: Name,
  instance: InstanceStatus,
  isEdgeLocal: boolean,
): Promise<readonly Finding[]> => {
  const { id, service, pid, port, startedAt, activity } = instance;
  if (pid === null || port === null || startedAt === null) return [];
  if (activity !== 'running' && activity !== 'starting') return [];
  const listening = await world.listening(pid);
  const own = listening.filter((each) => each.port === port);
  const others = listening.filter((each) => each.port !== port);
  const about = { stack, service, instance: id };
  const age = world.now() - startedAt;
  const evidence = [`process ${pid}, running for ${formatDuration(age)}, listens on: ${describe(listening)}`];

  if (own.length === 0) {
    if (age < PATIENCE_MS) return [];
    // Somebody outside its process tree may answer for it: a program that made itself a daemon.
    if ((await world.takenPorts()).includes(port)) return [];
    const isElsewhere = others.length > 0;
    return [
      {
        ...about,
        code: isElsewhere ? 'doctor.port-elsewhere' : 'doctor.port-silent',
        severity: 'error',
        symptom: isElsewhere
          ? `"${id}" of "${stack}" listens on ${describe(others)}, port ${port} is its own`
          : `"${id}" of "${stack}" runs, and nothing listens on its port ${port}`,
        evidence,
        cause: isElsewhere
          ? 'The program does not take its port from the variable PORT'
          : 'The program has not come to listen: it still starts, waits for something, or listens nowhere',
        fix: isElsewhere
          ? 'Let the program listen on $PORT, or set the port of the service to the one it uses'
          : `See what it waits for: reeve logs ${id}`,
      },
    ];
  }
  const open = own.filter(({ address }) => !isLoopback(address));
  if (open.length === 0 || !isEdgeLocal) return [];
  return [
    {
      ...about,
      code: 'doctor.port-public',
      severity: 'warning',
      symptom: `"${id}" of "${stack}" listens on ${describe(open)}, the edge only on this host`,
      evidence,
      cause: 'The program listens on every address, so that others may reach it past the edge',
      fix: 'Let the program listen on 127.0.0.1, or keep the port closed in the firewall',
    },
  ];
};

const describe = (listening: readonly Listening[]): string =>
  listening.length === 0 ? 'nothing' : listening.map(({ address, port }) => `${address}:${port}`).join(', ');

const isLoopback = (address: string): boolean =>
  address === 'localhost' ||
  address === '[::1]' ||
  address === '::1' ||
  /^(\[::ffff:)?127\./.test(address) ||
  address.startsWith('[::ffff:7f');
