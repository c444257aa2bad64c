import { formatAge } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { Exit, InstanceStatus } from '../../model/health.ts';
import type { Name } from '../../model/names.ts';
import type { World } from '../world.ts';

const LOG_LINES = 20;

/** Programs that end by themselves, and those that can not begin because somebody else has their port. */
export const checkCrashes = async (world: World): Promise<readonly Finding[]> => {
  const stacks = await world.stacks();
  const down = stacks.flatMap(({ stack, instances }) =>
    instances
      .filter(({ activity }) => activity === 'crash-looping' || activity === 'waiting')
      .map((instance) => ({ stack, instance })),
  );
  if (down.length === 0) return [];
  const taken = new Set(await world.takenPorts());
  const findings = await Promise.all(
    down.map(async ({ stack, instance }) => {
      const crash = await describeCrash(world, stack, instance);
      const { port } = instance;
      return port !== null && taken.has(port) ? [describeTaken(stack, instance, port), crash] : [crash];
    }),
  );
  return findings.flat();
};

const about = (stack: Name, { id, service }: InstanceStatus) => ({ stack, service, instance: id });

const describeCrash = async (world: World, stack: Name, instance: InstanceStatus): Promise<Finding> => {
  const { id, activity, lastExit, restarts } = instance;
  const lines = await world.lastLines(stack, id, LOG_LINES);
  const isLoop = activity === 'crash-looping';
  return {
    ...about(stack, instance),
    code: isLoop ? 'doctor.crash-looping' : 'doctor.restarting',
    severity: isLoop ? 'error' : 'warning',
    symptom: isLoop
      ? `"${id}" of "${stack}" ends again and again: ${restarts} restarts so far`
      : `"${id}" of "${stack}" ended and waits for its next start`,
    evidence: [
      lastExit
        ? `last end: ${describeExit(lastExit)}, ${formatAge(world.now() - lastExit.at)} ago`
        : 'last end: nobody saw how',
      ...(lines.length === 0 ? ['log: empty'] : lines.map((line) => `log: ${line}`)),
    ],
    cause: causeOf(lastExit),
    fix: `Mend what the last lines name; all of them: reeve logs ${id}`,
  };
};

const describeTaken = (stack: Name, instance: InstanceStatus, port: number): Finding => ({
  ...about(stack, instance),
  code: 'doctor.port-taken',
  severity: 'error',
  symptom: `Port ${port} of "${instance.id}" of "${stack}" belongs to another program`,
  evidence: [`something listens on port ${port}, and "${instance.id}" does not run`],
  cause: 'A program that Reeve did not start, or that left its process tree, has the port',
  fix: `Find and end it: ss -ltnp 'sport = :${port}'`,
});

const describeExit = ({ code, signal, ranOutOfMemory }: Exit): string => {
  const end = signal ? `signal ${signal}` : code === null ? 'unknown' : `exit code ${code}`;
  return ranOutOfMemory ? `${end}, memory limit reached` : end;
};

// 126 and 127 are the shell's (POSIX, 2.8.2); SIGKILL is what the kernel sends when memory runs out.
const causeOf = (exit: Exit | null): string => {
  if (exit?.ranOutOfMemory) return 'It, or a process of it, was killed: its memory limit was reached';
  if (exit?.signal === 'SIGKILL')
    return 'It was killed: by somebody, or because the memory of the host ran out';
  if (exit?.signal) return `It was ended by signal ${exit.signal}`;
  if (exit?.code === 127) return 'The command was not found';
  if (exit?.code === 126) return 'The command can not be executed';
  if (exit?.code === 0) return 'The program ends by itself, as if its work were done';
  return 'The program ends with an error of its own';
};
