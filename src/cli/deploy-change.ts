import { ensureAgentFor } from './check-stack-file.ts';
import { chooseStackFile } from './choose-stack.ts';
import { type ChangeFlags, detachOf, waitOf } from './change-options.ts';
import { makeChange } from './make-change.ts';
import type { Session } from './session.ts';

export type DeployFlags = ChangeFlags & { readonly ref?: string; readonly force?: boolean };

/** Brings what the stack file says up, as a change. */
export const deploy = async (session: Session, flags: DeployFlags): Promise<number> => {
  const file = await chooseStackFile(session);
  await ensureAgentFor(session, file);
  const { ref, force } = flags;
  const wish = {
    want: 'deploy' as const,
    file,
    ...(ref === undefined ? {} : { ref }),
    ...(force ? { force } : {}),
    ...waitOf(flags),
  };
  return makeChange(session, wish, {
    nothing: 'Nothing to do: what runs is what the stack file says',
    ...detachOf(flags),
  });
};
