import type { StackFileText } from '../api/wire.ts';
import { Refusal } from '../model/error.ts';
import { hasErrors } from '../model/problem.ts';
import type { Session } from './session.ts';

/**
 * Starts an agent where none runs, but not for a stack file that it would refuse: a refusal leaves nothing behind.
 * Refusal `stack.invalid` with all problems, as the agent says it.
 */
export const ensureAgentFor = (session: Session, file: StackFileText): Promise<void> =>
  session.ensureAgent(async () => {
    const { loadStack } = await import('../stack/load-stack.ts');
    const { HOME } = session.world.env;
    const { problems } = loadStack(file, HOME === undefined ? {} : { homeFolder: HOME });
    if (!hasErrors(problems)) return;
    const count = problems.filter(({ severity }) => severity === 'error').length;
    throw new Refusal(
      'stack.invalid',
      `Cannot read "${file.path}": it has ${count} problem${count === 1 ? '' : 's'}, none is allowed`,
      { problems },
    );
  });
