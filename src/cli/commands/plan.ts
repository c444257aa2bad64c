import type { Command } from 'commander';
import { ensureAgentFor } from '../check-stack-file.ts';
import { chooseStackFile } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import { renderPlan } from '../output/plan.ts';
import { renderProblems } from '../output/problems.ts';
import { action } from '../session.ts';

type Options = { readonly check?: boolean; readonly ref?: string; readonly force?: boolean };

export const register = (program: Command): void => {
  const command = program
    .command('plan')
    .description('Show what a deploy would do, step by step, and touch nothing.')
    .option('--check', `exit with ${EXIT.differences} when there is something to do`)
    .option('--ref <ref>', 'plan for another git branch, tag or revision')
    .option('--force', 'plan a new release though nothing changed')
    .action(
      action(async (session, { check, ref, force }: Options) => {
        const file = await chooseStackFile(session);
        await ensureAgentFor(session, file);
        const body = { want: 'deploy' as const, file, ...(ref ? { ref } : {}), ...(force ? { force } : {}) };
        const { plan, warnings } = await session.client.call('plan', { body, signal: session.signal });
        if (warnings.length > 0) session.output.hint((voice) => renderProblems(warnings, voice));
        session.output.answer({ plan, warnings }, ({ symbols }) => renderPlan(plan, symbols));
        return check && plan.steps.length > 0 ? EXIT.differences : EXIT.done;
      }),
    );
  withExamples(
    command,
    ['reeve plan', 'what would happen'],
    ['reeve plan --check || echo differs', 'for scripts'],
    ['reeve plan --json | jq .plan.steps', 'the plan as data'],
  );
};
