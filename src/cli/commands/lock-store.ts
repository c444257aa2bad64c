// What every lock command needs: the database, opened without an agent, and the stack that is meant.
import { createRedactor } from '../../logs/redactor.ts';
import { isAlive } from '../../kit/process-identity.ts';
import { isReported, Refusal } from '../../model/error.ts';
import { databasePath } from '../../model/layout.ts';
import type { Name } from '../../model/names.ts';
import type { LockStore } from '../../ports/store.ts';
import { openStore } from '../../store/open-store.ts';
import { chooseStack } from '../choose-stack.ts';
import type { Session } from '../session.ts';

/** The locks of this state folder; closed by `using`. */
export const openLocks = (session: Session): Disposable & { readonly lock: LockStore } => {
  const store = openStore(databasePath(session.layout), {
    redactor: createRedactor(),
    isAlive,
    clock: { now: session.world.now },
  });
  return { lock: store.lock, [Symbol.dispose]: () => store.close() };
};

/** As for every command, but no agent is needed to know it. */
export const chooseLockedStack = async (session: Session): Promise<Name> => {
  try {
    return await chooseStack(session);
  } catch (error) {
    if (!isReported(error) || error.report.code !== 'agent.absent') throw error;
    throw new Refusal(
      'cli.stack-unclear',
      `Cannot tell which stack is meant: no stack file in "${session.world.cwd}" or above it, and no agent to ask`,
      { fix: 'add --stack with the name of the stack', cause: error },
    );
  }
};
