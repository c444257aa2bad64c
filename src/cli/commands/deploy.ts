import type { Command } from 'commander';
import { withChangeFlags } from '../change-options.ts';
import { deploy, type DeployFlags } from '../deploy-change.ts';
import { withExamples } from '../examples.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('deploy')
    .description('Deploy what the source has now as a new release, without a dropped request.')
    .option('--ref <ref>', 'another git branch, tag or revision than the stack file names')
    .option('--force', 'make a new release though nothing changed')
    .action(action((session, flags: DeployFlags) => deploy(session, flags)));
  withExamples(
    withChangeFlags(command),
    ['reeve deploy', 'deploy and follow it'],
    ['reeve deploy --ref v1.4.2', 'a tag'],
    ['reeve deploy --wait 10m --detach', 'from a script: queue it and return'],
  );
};
