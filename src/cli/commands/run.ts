import type { Command } from 'commander';
import { chooseStack } from '../choose-stack.ts';
import { type ChangeFlags, detachOf, waitOf, withChangeFlags } from '../change-options.ts';
import { withExamples } from '../examples.ts';
import { makeChange } from '../make-change.ts';
import type { Name } from '../../model/names.ts';
import { readName } from '../read-option.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('run')
    .description('Run a job of the stack to its end, in the current release.')
    .argument('<job>', 'the job, as the stack file names it', readName)
    .action(
      action(async (session, job: Name, flags: ChangeFlags) => {
        await session.ensureAgent();
        const stack = await chooseStack(session);
        return makeChange(session, { want: 'job', stack, job, ...waitOf(flags) }, detachOf(flags));
      }),
    );
  withExamples(
    withChangeFlags(command),
    ['reeve run migrate', 'run it and wait for its end'],
    ['reeve logs job-12-migrate', 'what it printed, as job of change 12'],
  );
};
