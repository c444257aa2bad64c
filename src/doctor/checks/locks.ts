import { formatDuration } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { LockFacts, World } from '../world.ts';

const VERY_LONG_MS = 60 * 60_000;

export const checkLocks = async (world: World): Promise<readonly Finding[]> => {
  const now = world.now();
  return (await world.locks()).flatMap((lock) => {
    const { record, isHolderAlive } = lock;
    if (record.owner === 'free') return [];
    if (isHolderAlive === false) return [describeOrphaned(lock, now)];
    return now - record.acquiredAt > VERY_LONG_MS ? [describeOld(lock, now)] : [];
  });
};

const describeOrphaned = ({ record }: LockFacts, now: number): Finding => ({
  stack: record.stack,
  code: 'doctor.lock-orphaned',
  severity: 'error',
  symptom: `The lock of "${record.stack}" is held by a process that is gone`,
  evidence: describe(record, now),
  cause: `Whoever held it for "${record.task}" ended without releasing it`,
  fix: `Release it: reeve lock release --stack ${record.stack} --task ${record.task}; the next change takes it over by itself`,
});

const describeOld = ({ record }: LockFacts, now: number): Finding => ({
  stack: record.stack,
  code: 'doctor.lock-old',
  severity: 'warning',
  symptom: `The lock of "${record.stack}" has been held for ${formatDuration(now - record.acquiredAt)}`,
  evidence: describe(record, now),
  cause: `"${record.owner}" has not released it: ${record.reason || record.task}`,
  fix: `Ask its holder, or release it: reeve lock release --stack ${record.stack} --task ${record.task}`,
});

const describe = (record: LockFacts['record'], now: number): string[] => [
  `owner ${record.owner}, task ${record.task}, for ${formatDuration(now - record.acquiredAt)}`,
  record.holder?.process
    ? `holder: process ${record.holder.process.pid} on ${record.holder.host}`
    : `holder: no process${record.holder ? `, taken on ${record.holder.host}` : ''}`,
];
