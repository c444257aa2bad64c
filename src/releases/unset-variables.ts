import { Refusal } from '../model/error.ts';
import type { Job, Service, Stack } from '../model/stack.ts';
import { findUnsetVariables } from '../stack/expand-command.ts';
import type { AssembledEnv } from './assemble-env.ts';
import { inheritedEnv, OWN_VARIABLES } from './run-spec.ts';

/**
 * Refusal `command.unset-variable` where a command names a variable that its program will not have: said before anything
 * is touched, with every one of them.
 */
export const refuseUnsetVariables = (
  stack: Stack,
  env: Pick<AssembledEnv, 'perService' | 'perJob'>,
  agentEnv: Readonly<Record<string, string | undefined>>,
): void => {
  const given = { ...inheritedEnv(agentEnv), ...Object.fromEntries(OWN_VARIABLES.map((name) => [name, ''])) };
  const unset = (program: Service | Job, own: Readonly<Record<string, string>>): string[] =>
    findUnsetVariables(program.command, { ...given, ...own }).map((name) => `$${name} of "${program.name}"`);
  const missing = [
    ...stack.services.flatMap((service) => {
      const port: Record<string, string> = service.port === null ? {} : { PORT: '' };
      return unset(service, { ...env.perService[service.name], ...port });
    }),
    ...stack.jobs.flatMap((job) => unset(job, env.perJob[job.name] ?? {})),
  ];
  if (missing.length === 0) return;
  throw new Refusal(
    'command.unset-variable',
    `Cannot expand ${missing.join(', ')}: not set, a value for each variable of a command is required`,
    { fix: 'set it under env or in an env file, or write $$NAME for the text itself' },
  );
};
