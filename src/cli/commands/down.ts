import type { Command } from 'commander';
import { chooseStack } from '../choose-stack.ts';
import { type ChangeFlags, detachOf, waitOf, withChangeFlags } from '../change-options.ts';
import { confirmByName } from '../confirm.ts';
import { withExamples } from '../examples.ts';
import { makeChange } from '../make-change.ts';
import { action } from '../session.ts';

type Flags = ChangeFlags & { readonly purge?: boolean; readonly yesIMean?: string };

export const register = (program: Command): void => {
  const command = program
    .command('down')
    .description('Stop everything of the stack and take its routes away; with --purge remove its files too.')
    .option('--purge', 'also remove its releases, shared folders and logs, for good')
    .option('--yes-i-mean <name>', 'the stack to purge, instead of being asked to type it')
    .action(
      action(async (session, flags: Flags) => {
        const stack = await chooseStack(session);
        const purge = flags.purge ?? false;
        if (purge) {
          await confirmByName(session, {
            verb: 'purge',
            stack,
            given: flags.yesIMean,
            loses: 'releases, shared folders (databases live there) and logs',
          });
        }
        await session.ensureAgent();
        const wish = { want: 'down' as const, stack, purge, ...waitOf(flags) };
        return makeChange(session, wish, { nothing: `Stack "${stack}" is down`, ...detachOf(flags) });
      }),
    );
  withExamples(
    withChangeFlags(command),
    ['reeve down', 'stop it; its files stay, and reeve up brings it back'],
    ['reeve down --purge', 'remove it; asks for its name'],
  );
};
