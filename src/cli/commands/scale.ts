import { type Command, InvalidArgumentError } from 'commander';
import { chooseStack } from '../choose-stack.ts';
import { type ChangeFlags, waitOf, withWait } from '../change-options.ts';
import { withExamples } from '../examples.ts';
import { makeChanges } from '../make-change.ts';
import type { Name } from '../../model/names.ts';
import { readCount, readName } from '../read-option.ts';
import { action } from '../session.ts';

/** As many as a stack file may have. */
const MAX_REPLICAS = 100;

type Scale = { readonly service: Name; readonly replicas: number };

export const register = (program: Command): void => {
  const command = program
    .command('scale')
    .description("Change how many copies of services run, until the stack file's own count changes.")
    .argument('<service=count...>', 'each service with its new count', readScales)
    .action(
      action(async (session, scales: readonly Scale[], flags: ChangeFlags) => {
        await session.ensureAgent();
        const stack = await chooseStack(session);
        const wishes = scales.map((scale) => ({ want: 'scale' as const, stack, ...scale, ...waitOf(flags) }));
        return makeChanges(session, wishes);
      }),
    );
  withExamples(
    withWait(command),
    ['reeve scale web=3', 'three copies of web'],
    ['reeve scale web=3 worker=1', 'several, one change after the other'],
  );
};

const readScales = (text: string, before: readonly Scale[] | undefined): Scale[] => {
  const [service = '', count = '', ...rest] = text.split('=');
  if (rest.length > 0 || count === '')
    throw new InvalidArgumentError('A service with its count is required, for example web=3');
  const replicas = readCount(count);
  if (replicas > MAX_REPLICAS) throw new InvalidArgumentError(`At most ${MAX_REPLICAS} copies are allowed`);
  return [...(before ?? []), { service: readName(service), replicas }];
};
