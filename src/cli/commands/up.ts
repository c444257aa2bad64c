import type { Command } from 'commander';
import { withChangeFlags } from '../change-options.ts';
import { deploy, type DeployFlags } from '../deploy-change.ts';
import { withExamples } from '../examples.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('up')
    .description('Bring the stack up as its file says; starts the agent where none runs.')
    .action(action((session, flags: DeployFlags) => deploy(session, flags)));
  withExamples(
    withChangeFlags(command),
    ['reeve up', 'the stack of this folder'],
    ['reeve up --file shop/reeve.yaml', 'another stack file'],
  );
};
