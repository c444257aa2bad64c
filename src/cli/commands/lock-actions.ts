import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { identify } from '../../kit/process-identity.ts';
import { Refusal } from '../../model/error.ts';
import { databasePath } from '../../model/layout.ts';
import type { LockRecord, ProcessIdentity } from '../../model/lock.ts';
import { EXIT } from '../exit-code.ts';
import { span } from '../output/text.ts';
import type { Session } from '../session.ts';
import { holderLives, renderLock } from './lock-lines.ts';
import { chooseLockedStack, openLocks } from './lock-store.ts';
import { waitForLock } from './lock-wait.ts';

export type AcquireOptions = {
  readonly task: string;
  readonly reason?: string;
  readonly wait?: number;
  readonly pid?: number;
};

export type ReleaseOptions = {
  readonly task?: string;
  readonly force?: boolean;
  readonly yesIMean?: string;
};

export const lockStatus = async (session: Session): Promise<number> => {
  const record = await readLock(session);
  const lives = holderLives(record);
  session.output.answer({ ...record, holderLives: lives }, (voice) =>
    renderLock(record, voice, session.world.now()),
  );
  return EXIT.done;
};

export const lockCurrent = async (session: Session): Promise<number> => {
  const { stack, owner } = await readLock(session);
  session.output.raw({ stack, owner }, `${owner}\n`);
  return EXIT.done;
};

export const lockAcquire = async (
  session: Session,
  owner: string,
  options: AcquireOptions,
): Promise<number> => {
  const stack = await chooseLockedStack(session);
  const process = options.pid === undefined ? null : processOf(options.pid);
  using locks = openLocks(session);
  const request = {
    stack,
    owner,
    task: options.task,
    reason: options.reason ?? '',
    holder: { host: hostname(), process },
  };
  const { outcome, record } = await waitForLock(session, locks.lock, request, options.wait);
  session.output.answer({ outcome, record }, (voice) => renderLock(record, voice, session.world.now()));
  return EXIT.done;
};

export const lockRelease = async (session: Session, options: ReleaseOptions): Promise<number> => {
  const stack = await chooseLockedStack(session);
  using locks = openLocks(session);
  const task = options.force ? forcedTask(locks.lock.read(stack), options.yesIMean) : options.task;
  if (task === undefined) {
    throw new Refusal(
      'cli.usage',
      'Cannot release the lock: no --task is given, the task it was taken for is required',
      {
        fix: 'see it with: reeve lock status',
      },
    );
  }
  const { outcome, record } = locks.lock.release(stack, task);
  if (outcome === 'not-holder') throw notHolder(record, `task "${task}"`);
  session.output.answer({ outcome, record }, () => [
    [span(outcome === 'released' ? `The lock of ${stack} is free` : `The lock of ${stack} was free already`)],
  ]);
  return EXIT.done;
};

const readLock = async (session: Session): Promise<LockRecord> => {
  const stack = await chooseLockedStack(session);
  // Looking must not make a state folder.
  if (!existsSync(databasePath(session.layout))) {
    return {
      stack,
      owner: 'free',
      task: '',
      reason: '',
      acquiredAt: 0,
      holder: null,
      fencing: 0,
      takenOverFrom: null,
    };
  }
  using locks = openLocks(session);
  return locks.lock.read(stack);
};

const processOf = (pid: number): ProcessIdentity => {
  const identity = identify(pid);
  if (identity) return identity;
  throw new Refusal(
    'lock.no-process',
    `Cannot tie the lock to process ${pid}: there is none, the number of a live process is required`,
  );
};

// The owner has to be named, so that a lock that changed hands in between is not broken by mistake.
const forcedTask = (record: LockRecord, named: string | undefined): string => {
  if (named === undefined) {
    throw new Refusal(
      'cli.usage',
      'Cannot release the lock by force: its owner is not named, --yes-i-mean OWNER is required',
      { fix: 'see who has it with: reeve lock status' },
    );
  }
  if (record.owner !== 'free' && record.owner !== named) throw notHolder(record, `"${named}"`);
  return record.task;
};

const notHolder = (record: LockRecord, who: string): Refusal =>
  new Refusal(
    'lock.not-holder',
    `Cannot release the lock of "${record.stack}" for ${who}: "${record.owner}" has it for task "${record.task}", only its holder may release it`,
    { exit: EXIT.notHolder, ...(record.reason === '' ? {} : { why: record.reason }) },
  );
