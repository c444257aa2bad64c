import type { Command } from 'commander';
import type { Name } from '../../model/names.ts';
import { chooseStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { readName } from '../read-option.ts';
import { runInContext } from '../run-in-context.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('exec')
    .description(
      "Run a command in a service's folder with its environment, as its user; the exit code is the command's.",
    )
    .argument('<service>', 'the service whose environment it gets', readName)
    .argument('<command...>', 'the command and its arguments, after --')
    .action(
      action(async (session, service: Name, argv: readonly string[]) => {
        const stack = await chooseStack(session);
        const context = await session.client.call('execContext', {
          params: { stack },
          body: { service, command: { argv, shell: false } },
          signal: session.signal,
        });
        return runInContext(session, context);
      }),
    );
  withExamples(
    command,
    ['reeve exec web -- node --version', 'one command'],
    ['reeve exec web -- sh', 'a shell where web runs'],
  );
};
