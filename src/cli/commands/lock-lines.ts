import { formatAge } from '../../kit/format.ts';
import { isAlive } from '../../kit/process-identity.ts';
import type { LockRecord } from '../../model/lock.ts';
import { renderFields } from '../output/fields.ts';
import type { Voice } from '../output/output.ts';
import { type Line, span } from '../output/text.ts';

/** Null where the lock hangs on nobody's life. */
export const holderLives = (record: LockRecord): boolean | null =>
  record.holder?.process ? isAlive(record.holder.process) : null;

/** Who has the lock, since when, why, and whether its holder lives. */
export const renderLock = (record: LockRecord, voice: Voice, now: number): Line[] => {
  const { stack, owner, task } = record;
  if (owner === 'free') return [[span(`The lock of ${stack} is free`)]];
  const { reason, acquiredAt, takenOverFrom } = record;
  const fields = [
    { label: 'since', lines: [`${new Date(acquiredAt).toISOString()} (${formatAge(now - acquiredAt)})`] },
    { label: 'why', lines: reason === '' ? [] : [reason] },
    { label: 'holder', lines: [describeHolder(record)] },
    {
      label: 'before',
      lines: takenOverFrom
        ? [`taken over from ${takenOverFrom.owner} (${takenOverFrom.task}), whose process was gone`]
        : [],
    },
  ];
  return [
    [span(`The lock of ${stack} is held by `), span(owner, 'bold'), span(` for ${task}`)],
    ...renderFields(fields, voice),
  ];
};

/** `process 4711 on web1, alive`. */
export const describeHolder = (record: LockRecord): string => {
  const process = record.holder?.process;
  if (!process) return 'no process, it is held until its task releases it';
  const life = holderLives(record) ? 'alive' : 'gone: the next one who asks takes it over';
  return `process ${process.pid} on ${record.holder.host}, ${life}`;
};
