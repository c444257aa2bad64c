// What a run leaves on disk, in its run folder. Never its environment, and nothing secret.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Exit } from '../../model/health.ts';

const RunRecord = z.object({
  version: z.literal(1),
  stack: z.string(),
  id: z.string(),
  fingerprint: z.string(),
  /** Random, new with every start: whatever another start wrote is told apart by it. */
  generation: z.string(),
  bootId: z.string(),
  /** Epoch milliseconds. */
  startedAt: z.number(),
  stdoutPath: z.string(),
  stderrPath: z.string(),
  stdoutStart: z.number(),
  stderrStart: z.number(),
  /** Folders of the run's own cgroups, by hierarchy. */
  cgroup: z.partialRecord(z.enum(['unified', 'memory', 'pids', 'cpu']), z.string()),
});

/** `spec.json`: written by the agent before the shim starts. */
export type RunRecord = z.infer<typeof RunRecord>;

/** `started`: written by the shim before the program begins. */
export type StartedRecord = {
  readonly pid: number;
  readonly startTicks: number;
  readonly shimPid: number;
  readonly shimStartTicks: number;
};

export const shimPath = (folder: string): string => join(folder, 'shim');
export const lifeLinePath = (folder: string): string => join(folder, 'live');

/** `<stack>/<id>/<generation>`: what every process of a run has in its environment. */
export const markerOf = (record: Pick<RunRecord, 'stack' | 'id' | 'generation'>): string =>
  `${record.stack}/${record.id}/${record.generation}`;

/** Null where the folder has no readable record: nothing of it was ever started, or a power cut tore it. */
export const readRunRecord = (folder: string): RunRecord | null => {
  const text = readIfThere(join(folder, 'spec.json'));
  if (text === null) return null;
  try {
    return RunRecord.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
};

export const writeRunRecord = (folder: string, record: RunRecord): void =>
  writeAside(join(folder, 'spec.json'), `${JSON.stringify(record, null, 2)}\n`);

/** Written aside and renamed, for a shim that still reads the former text from the former file. */
export const ensureShim = (folder: string, text: string): void => {
  if (readIfThere(shimPath(folder)) !== text) writeAside(shimPath(folder), text);
};

export const readStarted = (folder: string, generation: string): StartedRecord | null =>
  parseStarted(wordsOf(readIfThere(join(folder, 'started')), generation));

export const parseStarted = (words: readonly string[]): StartedRecord | null => {
  const [pid, startTicks, shimPid, shimStartTicks] = words.map(Number);
  if (!pid || !startTicks || !shimPid || !shimStartTicks) return null;
  return { pid, startTicks, shimPid, shimStartTicks };
};

/** When it ended is when the record was written. */
export const readExit = (folder: string, generation: string): Exit | null => {
  const path = join(folder, 'exit');
  const words = wordsOf(readIfThere(path), generation);
  return words.length === 0 ? null : parseExit(words, Math.round(statSync(path).mtimeMs));
};

/** `exited 7`, or `killed 137`: a shell adds 128 to the number of the signal. */
export const parseExit = (words: readonly string[], at: number): Exit | null => {
  const [how, text] = words;
  const code = Number(text);
  if (text === undefined || !Number.isInteger(code)) return null;
  const isSignal = code > 128 && (how === 'killed' || SILENT.has(code - 128));
  const signal = isSignal ? (SIGNAL_NAMES.get(code - 128) ?? `signal ${code - 128}`) : null;
  return { code: signal === null ? code : null, signal, at };
};

/** Removes what tells of a former start; the shim and the life line are used again. */
export const clearRecords = (folder: string): void => {
  for (const name of ['spec.json', 'started', 'exit', 'notice']) {
    try {
      rmSync(join(folder, name), { force: true });
    } catch (error) {
      // A disk that takes no change: what stays has no process, and is found out as that.
      if (!(error as NodeJS.ErrnoException).code) throw error;
      return;
    }
  }
};

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

// Of these two a shell says nothing, so that exit codes 130 and 141 are taken for the signals.
const SILENT = new Set([constants.signals.SIGINT, constants.signals.SIGPIPE]);

const wordsOf = (text: string | null, generation: string): readonly string[] => {
  // Without its line end it is one that a full disk cut short.
  if (text === null || !text.endsWith('\n')) return [];
  const [written, ...words] = text.trimEnd().split(' ');
  return written === generation ? words : [];
};

// Not synced: after a power cut the boot id is another one, and nothing of what is in here runs any more.
const writeAside = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
};
