import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { exhaustionOf } from '../model/error.ts';

export type UserIds = { readonly uid: number; readonly gid: number };

const run = promisify(execFile);
const KEPT_MS = 60_000;
const known = new Map<string, { readonly ids: UserIds; readonly until: number }>();

/** Numeric ids of a user, as id(1) knows them: users may come from elsewhere than /etc/passwd. Throws where there is no such user. */
export const lookUpUser = async (user: string, signal: AbortSignal): Promise<UserIds> => {
  const kept = known.get(user);
  if (kept && performance.now() < kept.until) return kept.ids;
  const idOf = async (flag: '-u' | '-g'): Promise<number> =>
    Number((await run('id', [flag, '--', user], { signal })).stdout);
  try {
    const ids = { uid: await idOf('-u'), gid: await idOf('-g') };
    known.set(user, { ids, until: performance.now() + KEPT_MS });
    return ids;
  } catch (error) {
    signal.throwIfAborted();
    if (exhaustionOf(error) !== null) throw error;
    throw new Error(`user "${user}" does not exist`, { cause: error });
  }
};
