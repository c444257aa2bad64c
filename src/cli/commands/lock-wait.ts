// What the lock commands share: the database without an agent, and patience.
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedactor } from '../../logs/redactor.ts';
import { isAlive } from '../../kit/process-identity.ts';
import { isReported, Refusal } from '../../model/error.ts';
import { databasePath } from '../../model/layout.ts';
import type { AcquireRequest, AcquireResult, LockRecord } from '../../model/lock.ts';
import type { Name } from '../../model/names.ts';
import type { LockStore } from '../../ports/store.ts';
import { parseDuration } from '../../stack/units.ts';
import { openStore } from '../../store/open-store.ts';
import { chooseStack } from '../choose-stack.ts';
import { EXIT } from '../exit-code.ts';
import { span } from '../output/text.ts';
import type { Session } from '../session.ts';
import { describeHolder } from './lock-lines.ts';

export type Acquired = Exclude<AcquireResult, { outcome: 'contended' }>;

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

// Other holders are other processes, and nothing tells when they let go; a look costs some microseconds.
const LOOK_EVERY_MS = 100;

/**
 * Takes the lock. Refusals: `lock.held` (exit 2) where another has it, `lock.not-in-time` (exit 4) where another
 * still has it after `wait`.
 */
export const waitForLock = async (
  session: Session,
  lock: LockStore,
  request: AcquireRequest,
  wait: string | undefined,
): Promise<Acquired> => {
  const waitMs = wait === undefined ? 0 : durationOf(wait);
  const deadline = performance.now() + waitMs;
  for (let looks = 0; ; looks += 1) {
    const result = lock.acquire(request);
    if (result.outcome !== 'contended') return result;
    const left = deadline - performance.now();
    if (left <= 0) throw contended(result.record, wait);
    if (looks === 0 && !session.output.isQuiet) {
      session.output.hint(() => [[span(`Waiting for ${result.record.owner} to release the lock`, 'dim')]]);
    }
    await sleep(Math.min(left, LOOK_EVERY_MS), undefined, { signal: session.world.interrupted });
  }
};

const durationOf = (text: string): number => {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new Refusal(
    'cli.usage',
    `Cannot wait for "${text}": a number with a unit is required, for example 30s or 10m`,
  );
};

const contended = (record: LockRecord, wait: string | undefined): Refusal => {
  const { stack, owner, task, reason, acquiredAt } = record;
  const what = `Cannot take the lock of "${stack}": "${owner}" has it for task "${task}" since ${new Date(acquiredAt).toISOString()}`;
  const why = [reason, describeHolder(record)].filter((text) => text !== '').join('; ');
  return wait === undefined
    ? new Refusal('lock.held', `${what}, a free lock is required`, {
        why,
        fix: 'Add --wait, or release it by its task: reeve lock release --task TASK',
        retryable: true,
      })
    : new Refusal('lock.not-in-time', `${what}, a free lock within ${wait} is required`, {
        why,
        exit: EXIT.lockNotObtained,
        retryable: true,
      });
};
