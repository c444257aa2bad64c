import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../kit/format.ts';
import { Refusal } from '../../model/error.ts';
import type { AcquireRequest, AcquireResult, LockRecord } from '../../model/lock.ts';
import type { LockStore } from '../../ports/store.ts';
import { EXIT } from '../exit-code.ts';
import { span } from '../output/text.ts';
import type { Session } from '../session.ts';
import { describeHolder } from './lock-lines.ts';

export type Acquired = Exclude<AcquireResult, { outcome: 'contended' }>;

// Other holders are other processes, and nothing tells when they let go; a look costs some microseconds.
const LOOK_EVERY_MS = 100;

/**
 * Takes the lock. Refusals: `lock.held` (exit 2) where another has it, `lock.not-obtained` (exit 4) where another
 * still has it after `waitMs`.
 */
export const waitForLock = async (
  session: Session,
  lock: LockStore,
  request: AcquireRequest,
  waitMs: number | undefined,
): Promise<Acquired> => {
  const deadline = performance.now() + (waitMs ?? 0);
  for (let looks = 0; ; looks += 1) {
    const result = lock.acquire(request);
    if (result.outcome !== 'contended') return result;
    const left = deadline - performance.now();
    if (left <= 0) throw contended(result.record, waitMs);
    if (looks === 0 && !session.output.isQuiet) {
      session.output.hint(() => [[span(`Waiting for ${result.record.owner} to release the lock`, 'dim')]]);
    }
    await sleep(Math.min(left, LOOK_EVERY_MS), undefined, { signal: session.world.interrupted });
  }
};

const contended = (record: LockRecord, waitMs: number | undefined): Refusal => {
  const { stack, owner, task, reason, acquiredAt, holder } = record;
  const what = `Cannot take the lock of "${stack}": "${owner}" has it for task "${task}" since ${new Date(acquiredAt).toISOString()}`;
  const why = [reason, holder?.process ? describeHolder(record) : '']
    .filter((text) => text !== '')
    .join('; ');
  return waitMs === undefined
    ? new Refusal('lock.held', `${what}, a free lock is required`, {
        ...(why === '' ? {} : { why }),
        fix: `wait for it with --wait, or release it: reeve lock release --task ${task}`,
        retryable: true,
      })
    : new Refusal('lock.not-obtained', `${what}, a free lock within ${formatDuration(waitMs)} is required`, {
        ...(why === '' ? {} : { why }),
        fix: 'try again later, or wait longer',
        exit: EXIT.lockNotObtained,
        retryable: true,
      });
};
