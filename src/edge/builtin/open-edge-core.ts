import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ensureFolder, writeFileAtomic } from '../../kit/atomic-file.ts';
import type { EdgeCore } from './edge-core.ts';
import { flagsFolder, sitesFolder, tokenPath } from './edge-paths.ts';
import type { EdgeSettings } from './edge-settings.ts';
import { SiteBook } from './site-book.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Everything the edge knows before its first request: sites and flags are read. */
export const openEdgeCore = ({ folder, limits, trusted }: EdgeSettings): EdgeCore => {
  ensureFolder(sitesFolder(folder), 0o700);
  const book = new SiteBook(folder, limits.answerMs);
  book.reload();
  return {
    book,
    room: new WaitingRoom(limits.waiting, (stack) => flagsFolder(folder, stack)),
    limits,
    token: ensureToken(folder),
    trusted,
    ownAnswers: new Map(),
    isStopping: false,
  };
};

const ensureToken = (folder: string): string => {
  const path = tokenPath(folder);
  try {
    const token = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(token)) return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('hex');
  writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
};
