import { Refusal } from '../model/error.ts';
import type { Name } from '../model/names.ts';
import { EXIT } from './exit-code.ts';
import type { Session } from './session.ts';

export type Confirmation = {
  readonly verb: string;
  readonly stack: Name;
  /** The value of `--yes-i-mean`. */
  readonly given: string | undefined;
  /** What will be lost, for the question. */
  readonly loses: string;
};

/** What can not be undone needs the stack's name, typed or as an option. Refusal `cli.not-confirmed`; never asks without a person. */
export const confirmByName = async ({ world }: Session, wanted: Confirmation): Promise<void> => {
  const { verb, stack, given, loses } = wanted;
  if (given === stack) return;
  const cannot = `Cannot ${verb} "${stack}"`;
  if (given !== undefined)
    throw new Refusal(
      'cli.not-confirmed',
      `${cannot}: --yes-i-mean says "${given}", the name of the stack is required`,
    );
  if (!world.canAsk) {
    throw new Refusal(
      'cli.not-confirmed',
      `${cannot}: nobody can be asked here, a confirmation is required`,
      {
        fix: `add --yes-i-mean ${stack}`,
      },
    );
  }
  const { text, isCancel } = await import('@clack/prompts');
  const typed = await text({
    message: `This removes the ${loses} of "${stack}" for good. Type its name to go on`,
    output: process.stderr,
  });
  const exit = isCancel(typed) ? { exit: EXIT.interrupted } : {};
  if (typed !== stack)
    throw new Refusal('cli.not-confirmed', `${cannot}: its name was not typed, the stack is as it was`, exit);
};
