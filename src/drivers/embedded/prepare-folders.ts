import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { wordsOf } from '../../model/error.ts';
import type { RunSpec } from '../../ports/driver.ts';
import type { House } from './house.ts';
import { asRefused, type Refused } from './refused.ts';
import { lifeLinePath } from './run-record.ts';

/**
 * Folders and FIFOs of a whole batch: one mkfifo process for all, for a process each was most of the start time. Answers
 * the specs for which that is not possible.
 */
export const ensureFolders = async (
  specs: readonly RunSpec[],
  house: House,
): Promise<ReadonlyMap<RunSpec, Refused>> => {
  const refused = new Map<RunSpec, Refused>();
  const missing: string[] = [];
  for (const spec of specs) {
    try {
      const folder = house.folderOf(spec);
      mkdirSync(dirname(folder), { recursive: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = lifeLinePath(folder);
      if (house.tools.mkfifo === null || !existsSync(path) || !lstatSync(path).isFIFO()) {
        rmSync(path, { force: true });
        missing.push(path);
      }
    } catch (error) {
      refused.set(spec, asRefused(error));
    }
  }
  await makeLifeLines(missing, house);
  return refused;
};

const makeLifeLines = async (paths: readonly string[], { tools, log }: House): Promise<void> => {
  for (let at = 0; tools.mkfifo !== null && at < paths.length; at += 500) {
    try {
      await promisify(execFile)(tools.mkfifo, ['-m', '600', '--', ...paths.slice(at, at + 500)]);
    } catch (error) {
      log(`no FIFO could be made, ends of programs are noticed by looking: ${wordsOf(error)}`);
    }
  }
  // Where there is no FIFO by now, a plain file does; the starts that follow say so where even that is not possible.
  for (const path of paths.filter((one) => !existsSync(one))) {
    try {
      writeFileSync(path, '', { mode: 0o600 });
    } catch (error) {
      log(`no life line could be made: ${wordsOf(error)}`);
    }
  }
};
