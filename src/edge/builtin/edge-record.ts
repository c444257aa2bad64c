import { closeSync, readFileSync, writeSync } from 'node:fs';
import type { ProcessIdentity } from '../../model/lock.ts';
import { recordPath } from './edge-paths.ts';

/** Who the edge's process is; written once it serves. */
export type EdgeRecord = {
  /** The edge's own folder: a copy of it elsewhere is not the edge's. One that an older version wrote does not say. */
  readonly folder?: string;
  readonly process: ProcessIdentity | null;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly host: string;
  readonly port: number;
};

/** What a starting edge tells whoever started it, as one line on the descriptor it was given. */
export type StartReport =
  | { readonly outcome: 'ready'; readonly port: number }
  /** Another edge has the folder. */
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'port-taken' };

/** Null where there is none, nothing that can be read, or the copy of one whose process serves another folder. */
export const readEdgeRecord = (folder: string): EdgeRecord | null => {
  try {
    const record = JSON.parse(readFileSync(recordPath(folder), 'utf8')) as EdgeRecord;
    return record.folder === undefined || record.folder === folder ? record : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** Tells whoever started the edge, once. Nobody hears where that one died meanwhile. */
export const reportStart = (fd: number | null, report: StartReport): void => {
  if (fd === null) return;
  try {
    writeSync(fd, `${JSON.stringify(report)}\n`);
    closeSync(fd);
  } catch (error) {
    console.log(`found no one to report to: ${(error as Error).message}`);
  }
};
