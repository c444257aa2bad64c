import { formatDuration } from '../kit/format.ts';
import { Refusal } from '../model/error.ts';
import type { AcquireResult, LockHeld, LockRecord } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Hands } from './hands.ts';

export const LOCK_OWNER = 'deploy';

const POLL_MS = 250;

export type LockWish = {
  readonly stack: Name;
  readonly task: string;
  readonly reason: string;
  /** How long to wait for another holder; 0: not at all. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Not where another process has it for the same task, unless that is gone. */
  readonly exclusive?: boolean;
};

/**
 * Takes the stack's lock for a task of this agent. Refusals: `lock.held` (exit 2) where another has it and nobody
 * wants to wait, `lock.not-obtained` (exit 4) where it did not become free in time.
 */
export const holdLock = async (hands: Hands, wish: LockWish): Promise<LockHeld> => {
  const { clock } = hands;
  const deadline = clock.monotonic() + wish.waitMs;
  for (;;) {
    wish.signal?.throwIfAborted();
    const result = tryLock(hands, wish);
    if (result.outcome !== 'contended') return result.held;
    if (clock.monotonic() >= deadline) throw notObtained(result.record, wish);
    await clock.sleep(Math.min(POLL_MS, wish.waitMs), wish.signal);
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

/** Naming owner, task, reason and since when. */
/**
 * Frees what an agent that is gone held while it planned, or still held when its change was closed. The locks of changes
 * that go on are left to them.
 */
export const freeAbandoned = (hands: Hands, ongoing: ReadonlySet<string>): void => {
  for (const { stack, owner, task, reason } of hands.store.lock.taken()) {
    if (owner !== LOCK_OWNER || ongoing.has(task)) continue;
    const result = tryLock(hands, { stack, task, reason, waitMs: 0, exclusive: true });
    if (result.outcome !== 'contended') freeLock(hands, result.held);
  }
};

export const lockHeld = (record: LockRecord): Refusal =>
  new Refusal(
    'lock.held',
    `Cannot change "${record.stack}": ${describeHolder(record)}, a free lock is required`,
    {
      ...(record.reason === '' ? {} : { why: record.reason }),
      fix: `wait for it with --wait, or release it: reeve lock release --task ${record.task}`,
      retryable: true,
    },
  );

const notObtained = (record: LockRecord, { waitMs }: LockWish): Refusal => {
  if (waitMs <= 0) return lockHeld(record);
  return new Refusal(
    'lock.not-obtained',
    `Cannot change "${record.stack}": after ${formatDuration(waitMs)} ${describeHolder(record)}, a free lock is required`,
    {
      ...(record.reason === '' ? {} : { why: record.reason }),
      fix: 'try again later, or wait longer',
      retryable: true,
      exit: 4,
    },
  );
};

const describeHolder = ({ owner, task, acquiredAt, holder }: LockRecord): string => {
  const since = new Date(acquiredAt).toISOString();
  const by = holder?.process ? `, process ${holder.process.pid}` : '';
  return `"${owner}" holds the lock for "${task}" since ${since}${by}`;
};
