import type { Command } from 'commander';
import { chooseStack } from '../choose-stack.ts';
import { type ChangeFlags, detachOf, waitOf, withChangeFlags } from '../change-options.ts';
import { withExamples } from '../examples.ts';
import { makeChange } from '../make-change.ts';
import { readId } from '../read-option.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('rollback')
    .description('Go back to an earlier release; a warm one takes the traffic at once.')
    .argument('[release]', 'the release to go back to (default: the newest stable one)', readId)
    .action(
      action(async (session, release: number | undefined, flags: ChangeFlags) => {
        await session.ensureAgent();
        const stack = await chooseStack(session);
        const wish = { want: 'rollback' as const, stack, release: release ?? null, ...waitOf(flags) };
        return makeChange(session, wish, detachOf(flags));
      }),
    );
  withExamples(
    withChangeFlags(command),
    ['reeve rollback', 'to the release before'],
    ['reeve rollback 41', 'to release 41; see: reeve releases'],
  );
};
