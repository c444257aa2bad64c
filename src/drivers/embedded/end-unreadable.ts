import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sendTo } from './end-tree.ts';
import type { House } from './house.ts';
import type { ProcessRow } from './process-table.ts';
import { clearRecords, lifeLinePath, readRunRecord } from './run-record.ts';
import { treeIn } from './snapshots.ts';

const GRACE_MS = 2000;
const GONE_WITHIN_MS = 10_000;

/** Whether a run was written down in this folder in a way that this agent can not read: torn, or of another version. */
export const isUnreadable = (folder: string): boolean =>
  existsSync(join(folder, 'spec.json')) && readRunRecord(folder) === null;

/**
 * Ends what runs of a run that can not be recalled: it could not be kept up, and beside it another copy would be
 * started. Its processes are those on the other end of the folder's life line.
 */
export const endUnreadable = async (folder: string, house: House): Promise<void> => {
  const question = { marker: '', lifeLine: lifeLinePath(folder), known: [], outsiders: new Set<number>() };
  const look = async (): Promise<readonly ProcessRow[]> => treeIn(await house.snapshots.take(), question);
  const { clock } = house;
  const began = clock.monotonic();
  const before = await look();
  sendTo(before, 'SIGTERM');
  for (let tree = before; tree.length > 0; tree = await look()) {
    const waitedMs = clock.monotonic() - began;
    if (waitedMs > GONE_WITHIN_MS) return house.log(`what runs in ${folder} can not be ended`);
    if (waitedMs > GRACE_MS) sendTo(tree, 'SIGKILL');
    await clock.sleep(20);
  }
  if (before.length > 0) house.log(`ended what ran in ${folder}: its record can not be read`);
  clearRecords(folder);
  rmSync(lifeLinePath(folder), { force: true });
};
