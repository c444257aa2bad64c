import type { Command } from 'commander';
import type { Name } from '../model/names.ts';
import { chooseStack } from './choose-stack.ts';
import { type ChangeFlags, detachOf, waitOf, withChangeFlags } from './change-options.ts';
import { withExamples } from './examples.ts';
import { makeChange } from './make-change.ts';
import { readNames } from './read-option.ts';
import { action } from './session.ts';

export type ServiceChange = {
  readonly want: 'restart' | 'stop' | 'start';
  readonly summary: string;
  /** Said where there is nothing to do. */
  readonly nothing: string;
  readonly examples: readonly (readonly [typed: string, does: string])[];
};

/** A command over some services of a stack, or all of them. */
export const registerServiceChange = (
  program: Command,
  { want, summary, nothing, examples }: ServiceChange,
): void => {
  const command = program
    .command(want)
    .description(summary)
    .argument('[service...]', 'the services meant (default: all)', readNames)
    .action(
      action(async (session, services: readonly Name[] | undefined, flags: ChangeFlags) => {
        await session.ensureAgent();
        const stack = await chooseStack(session);
        const wish = { want, stack, services: services ?? [], ...waitOf(flags) };
        return makeChange(session, wish, { nothing, ...detachOf(flags) });
      }),
    );
  withExamples(withChangeFlags(command), ...examples);
};
