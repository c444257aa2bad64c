// Where the builtin edge keeps its files, below the folder that model/layout gives it.
import { join } from 'node:path';
import { type Name, toName } from '../../model/names.ts';

export const sitesFolder = (folder: string): string => join(folder, 'sites');
export const sitePath = (folder: string, stack: Name): string =>
  join(folder, 'sites', `${toName(stack)}.json`);
export const flagsFolder = (folder: string, stack: Name): string => join(folder, 'flags', toName(stack));
/** JSON: who the edge's process is, and where it listens. */
export const recordPath = (folder: string): string => join(folder, 'edge.json');
export const logPath = (folder: string): string => join(folder, 'edge.log');
/** Held by the one edge of this folder as long as it lives. */
export const claimPath = (folder: string): string => join(folder, 'edge.lock');
/** The secret that lets a request ask who answers; mode 0600. */
export const tokenPath = (folder: string): string => join(folder, 'token');
export const CONTROL_SOCKET = 'edge.sock';
/** Node's own; may be removed at any time. */
export const compileCacheFolder = (folder: string): string => join(folder, 'compiled');
