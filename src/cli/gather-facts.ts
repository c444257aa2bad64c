import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FILES_TO_READ, type FolderFacts } from '../stack/detect/facts.ts';

const MOST_ENTRIES = 5000;
const MOST_BYTES = 256_000;

/** What `proposeStackFile` wants to know about a folder. What can not be read is as if it were not there. */
export const gatherFacts = (folder: string): FolderFacts => {
  const entries = orNothing(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return {
    folderName: basename(folder),
    entries: entries
      .slice(0, MOST_ENTRIES)
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .toSorted(),
    contents: Object.fromEntries(
      FILES_TO_READ.flatMap((name) => {
        const text = orNothing(() => readSmallFile(join(folder, name)));
        return text === null ? [] : [[name, text]];
      }),
    ),
  };
};

// A fifo of that name would never end.
const readSmallFile = (path: string): string | null => {
  const stat = statSync(path);
  return stat.isFile() && stat.size <= MOST_BYTES ? readFileSync(path, 'utf8') : null;
};

const orNothing = <Result>(read: () => Result): Result | null => {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
};
