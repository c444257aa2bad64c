import { Refusal } from '../model/error.ts';
import type { AcquireRequest, AcquireResult, LockHeld, LockRecord, ProcessIdentity } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { AuditStore, LockStore } from '../ports/store.ts';
import type { Database, Row, Statement } from './database.ts';

export type LockOptions = {
  readonly redact: (text: string) => string;
  readonly isAlive: (identity: ProcessIdentity) => boolean;
  readonly now: () => number;
  readonly audit: AuditStore;
};

/** The lock of each stack. Every call is one immediate transaction, so that any number of processes may meet here. */
export const openLock = (db: Database, options: LockOptions): LockStore => {
  const read = db.prepare('SELECT * FROM locks WHERE stack = ?');
  const taken = db.prepare('SELECT * FROM locks WHERE owner <> ? ORDER BY stack');
  const put = db.prepare(
    `INSERT OR REPLACE INTO locks (stack, owner, task, reason, acquired_at, host, boot_id, pid, start_ticks, fencing,
       from_owner, from_task, from_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const current = (stack: Name): LockRecord => {
    const row = read.get(stack);
    return row ? toRecord(row) : freed(stack, 0);
  };
  return {
    read: current,
    taken: () => taken.all(FREE).map(toRecord),
    acquire: (request) => {
      mustBeNames(request);
      return db.write(() => acquire(current(request.stack), request, { ...options, put }));
    },
    release: (stack, task) =>
      db.write(() => {
        const record = current(stack);
        if (record.owner === FREE) return { outcome: 'was-free', record };
        if (record.task !== task) return { outcome: 'not-holder', record };
        const after = freed(stack, record.fencing);
        save(put, after);
        return { outcome: 'released', record: after };
      }),
    isHeld: (held) => {
      const { owner, task, fencing } = current(held.stack);
      return owner === held.owner && task === held.task && fencing === held.fencing;
    },
  };
};

const FREE = 'free';
const OWNER = /^[a-z0-9-]{1,64}$/;
const TASK = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

const mustBeNames = ({ owner, task }: AcquireRequest): void => {
  if (!OWNER.test(owner) || owner === FREE) {
    throw new Refusal(
      'lock.bad-owner',
      `Cannot take the lock as "${owner}": lower-case letters, digits and dashes are required, and not the word "${FREE}"`,
    );
  }
  if (!TASK.test(task)) {
    throw new Refusal(
      'lock.bad-task',
      `Cannot take the lock for task "${task}": 1 to 128 letters, digits, dots, dashes, underscores or colons are required, a letter or digit first`,
    );
  }
};

const acquire = (
  record: LockRecord,
  request: AcquireRequest,
  options: LockOptions & { readonly put: Statement },
): AcquireResult => {
  const verdict = judge(record, request, options.isAlive);
  if (verdict === 'contended') return { outcome: verdict, record };
  if (verdict === 'already-held') return { outcome: verdict, held: proofOf(record), record };

  const at = options.now();
  const after: LockRecord = {
    stack: request.stack,
    owner: request.owner,
    task: request.task,
    reason: options.redact(request.reason),
    acquiredAt: at,
    holder: request.holder,
    fencing: record.fencing + 1,
    takenOverFrom: verdict === 'taken-over' ? { owner: record.owner, task: record.task, at } : null,
  };
  save(options.put, after);
  if (verdict === 'taken-over') recordTakeOver(record, after, options.audit);
  return { outcome: verdict, held: proofOf(after), record: after };
};

/** What an acquisition comes to; nothing is written yet. */
const judge = (
  record: LockRecord,
  request: AcquireRequest,
  isAlive: LockOptions['isAlive'],
): AcquireResult['outcome'] => {
  if (record.owner === FREE) return 'acquired';
  const holds = record.holder?.process ?? null;
  const asks = request.holder.process;
  const isSameProcess = isSame(holds, asks);
  const isGone = holds !== null && !isSameProcess && !isAlive(holds);
  if (record.owner !== request.owner || record.task !== request.task) {
    return isGone ? 'taken-over' : 'contended';
  }
  if (isSameProcess && (holds !== null || !request.exclusive)) return 'already-held';
  if (request.exclusive) return isGone ? 'acquired' : 'contended';
  // Without a process it only wants to know that the lock is its own: a script inside `lock run` must not cut
  // the lock loose from the life it hangs on.
  return asks === null && !isGone ? 'already-held' : 'acquired';
};

const recordTakeOver = (before: LockRecord, after: LockRecord, audit: AuditStore): void =>
  audit.append({
    at: after.acquiredAt,
    by: after.owner,
    what: `lock take-over ${after.stack}`,
    change: null,
    outcome: `"${after.owner}" (${after.task}) has it; its holder "${before.owner}" (${before.task}) is gone`,
  });

const isSame = (a: ProcessIdentity | null, b: ProcessIdentity | null): boolean =>
  a === null || b === null
    ? a === b
    : a.bootId === b.bootId && a.pid === b.pid && a.startTicks === b.startTicks;

const proofOf = ({ stack, owner, task, fencing }: LockRecord): LockHeld => ({ stack, owner, task, fencing });

const freed = (stack: Name, fencing: number): LockRecord => ({
  stack,
  owner: FREE,
  task: '',
  reason: '',
  acquiredAt: 0,
  holder: null,
  fencing,
  takenOverFrom: null,
});

const save = (put: Statement, it: LockRecord): void => {
  const process = it.holder?.process ?? null;
  put.run(
    it.stack,
    it.owner,
    it.task,
    it.reason,
    it.acquiredAt,
    it.holder?.host ?? null,
    process?.bootId ?? null,
    process?.pid ?? null,
    process?.startTicks ?? null,
    it.fencing,
    it.takenOverFrom?.owner ?? null,
    it.takenOverFrom?.task ?? null,
    it.takenOverFrom?.at ?? null,
  );
};

const toRecord = (row: Row): LockRecord => ({
  stack: row.stack as string,
  owner: row.owner as string,
  task: row.task as string,
  reason: row.reason as string,
  acquiredAt: row.acquired_at as number,
  holder: row.host === null ? null : { host: row.host as string, process: toProcess(row) },
  fencing: row.fencing as number,
  takenOverFrom:
    row.from_owner === null
      ? null
      : { owner: row.from_owner as string, task: row.from_task as string, at: row.from_at as number },
});

const toProcess = (row: Row): ProcessIdentity | null =>
  row.pid === null
    ? null
    : { bootId: row.boot_id as string, pid: row.pid as number, startTicks: row.start_ticks as number };
