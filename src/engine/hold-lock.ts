import { formatDuration } from '../kit/format.ts';
import type { Change } from '../model/change.ts';
import { Refusal } from '../model/error.ts';
import type { AcquireResult, LockHeld, LockRecord } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Hands } from './hands.ts';

export const LOCK_OWNER = 'deploy';

/** How often a lock that somebody has is asked for again. */
export const LOCK_POLL_MS = 250;
const RETRY_MS = 5_000;

type LockWish = {
  readonly stack: Name;
  readonly task: string;
  readonly reason: string;
  /** Not where another process has it for the same task, unless that is gone. */
  readonly exclusive?: boolean;
};

/** The lock's task while a change runs. The same one after a restart: the new agent's claim is the old one's. */
export const taskOf = (change: Pick<Change, 'id'>): string => `change-${change.id}`;

/** The lock for a change that goes on: whoever else has it is waited for. */
export const holdLock = async (hands: Hands, change: Change, signal: AbortSignal): Promise<LockHeld> => {
  const { stack, plan } = change;
  for (;;) {
    signal.throwIfAborted();
    const result = tryLock(hands, { stack, task: taskOf(change), reason: plan.sentence });
    if (result.outcome !== 'contended') {
      hands.store.journal.setFencing(change.id, result.held.fencing);
      return result.held;
    }
    await hands.clock.sleep(LOCK_POLL_MS, signal);
  }
};

/** One attempt; whoever follows is told where the lock changed hands. */
export const tryLock = ({ store, holder, publish, clock }: Hands, wish: LockWish): AcquireResult => {
  const { stack, task, reason, exclusive = false } = wish;
  const result = store.lock.acquire({ stack, owner: LOCK_OWNER, task, reason, holder, exclusive });
  if (result.outcome === 'acquired' || result.outcome === 'taken-over') {
    publish({ event: 'lock.changed', at: clock.now(), stack, owner: LOCK_OWNER, task });
  }
  return result;
};

/** Gives the lock back where it is still held; otherwise it is another's business. */
export const freeLock = ({ store, publish, clock }: Hands, held: LockHeld): void => {
  if (!store.lock.isHeld(held)) return;
  store.lock.release(held.stack, held.task);
  publish({ event: 'lock.changed', at: clock.now(), stack: held.stack, owner: 'free', task: '' });
};

/** The same; where it can not be written that it is free (the disk is full), again until it can. */
export const giveBack = (hands: Hands, held: LockHeld, signal: AbortSignal): void => {
  try {
    freeLock(hands, held);
  } catch (error) {
    hands.failed(`the lock of "${held.stack}" could not be given back, and is tried again`, error);
    const again = (): void => giveBack(hands, held, signal);
    // Where the agent stops, the next one finds it abandoned.
    hands.clock.sleep(RETRY_MS, signal).then(again, () => undefined);
  }
};

/**
 * Frees what an agent that is gone held while it planned, or still held when its change was closed. The locks of changes
 * that go on are left to them.
 */
export const freeAbandoned = (hands: Hands, ongoing: ReadonlySet<string>): void => {
  for (const { stack, owner, task, reason } of hands.store.lock.taken()) {
    if (owner !== LOCK_OWNER || ongoing.has(task)) continue;
    const result = tryLock(hands, { stack, task, reason, exclusive: true });
    if (result.outcome !== 'contended') freeLock(hands, result.held);
  }
};

/** Naming owner, task, reason and since when; exit code 4 where it was waited for, 2 where not. */
export const lockHeld = (record: LockRecord, waitedMs: number): Refusal => {
  const why = record.reason === '' ? {} : { why: record.reason };
  if (waitedMs > 0) {
    return new Refusal(
      'lock.not-obtained',
      `Cannot change "${record.stack}": after ${formatDuration(waitedMs)} ${describeHolder(record)}, a free lock is required`,
      { ...why, fix: 'try again later, or wait longer', retryable: true, exit: 4 },
    );
  }
  return new Refusal(
    'lock.held',
    `Cannot change "${record.stack}": ${describeHolder(record)}, a free lock is required`,
    {
      ...why,
      fix: `wait for it with --wait, or release it: reeve lock release --task ${record.task}`,
      retryable: true,
    },
  );
};

const describeHolder = ({ owner, task, acquiredAt, holder }: LockRecord): string => {
  const since = new Date(acquiredAt).toISOString();
  const by = holder?.process ? `, process ${holder.process.pid}` : '';
  return `"${owner}" holds the lock for "${task}" since ${since}${by}`;
};
