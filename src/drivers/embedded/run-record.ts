// What a run leaves on disk, in its run folder. Never its environment, and nothing secret.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Exit } from '../../model/health.ts';
import type { RunCgroup } from './run-cgroup.ts';

/** `spec.json`: written by the agent before the shim starts. */
export type RunRecord = {
  readonly version: 1;
  /** The run's own folder: a copy of it elsewhere is not the run. */
  readonly folder: string;
  readonly stack: string;
  readonly id: string;
  readonly fingerprint: string;
  /** Random, new with every start: whatever another start wrote is told apart by it. */
  readonly generation: string;
  readonly bootId: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly stdoutPath: string;
  readonly stderrPath: string;
  readonly stdoutStart: number;
  readonly stderrStart: number;
  /** Folders of the run's own cgroups, by hierarchy. */
  readonly cgroup: RunCgroup;
};

export type StartedRecord = {
  readonly pid: number;
  readonly startTicks: number;
  readonly shimPid: number;
  readonly shimStartTicks: number;
};

/** What a shim says, in its record and through the life line: one line for each. */
export type ShimWord =
  | { readonly word: 'started'; readonly started: StartedRecord }
  /** The program was not started: `record`, or `cgroup <path>`, could not be written, or the shim could not `fork`. */
  | { readonly word: 'refused'; readonly what: string }
  | { readonly word: 'ended'; readonly exit: Exit };

export const lifeLinePath = (folder: string): string => join(folder, 'live');

/** `<stack>/<id>/<generation>`: what every process of a run has in its environment. */
export const markerOf = (record: Pick<RunRecord, 'stack' | 'id' | 'generation'>): string =>
  `${record.stack}/${record.id}/${record.generation}`;

/** Null where the folder has no readable record: nothing of it was ever started, or a power cut tore it. */
export const readRunRecord = (folder: string): RunRecord | null => {
  const text = readIfThere(join(folder, 'spec.json'));
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as unknown;
    return isRunRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const TEXTS = ['folder', 'stack', 'id', 'fingerprint', 'generation', 'bootId', 'stdoutPath', 'stderrPath'];
const NUMBERS = ['startedAt', 'stdoutStart', 'stderrStart'];

const isRunRecord = (value: unknown): value is RunRecord => {
  if (!isObject(value) || value.version !== 1 || !isObject(value.cgroup)) return false;
  return (
    TEXTS.every((key) => typeof value[key] === 'string') &&
    NUMBERS.every((key) => Number.isFinite(value[key])) &&
    Object.values(value.cgroup).every((folder) => typeof folder === 'string')
  );
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/**
 * In place: while it is written nothing of the run is alive, so that a torn record says the same as none. Not synced:
 * after a power cut the boot id is another one, and nothing of what is in here runs any more.
 */
export const writeRunRecord = (folder: string, record: RunRecord): void =>
  writeFileSync(join(folder, 'spec.json'), JSON.stringify(record), { mode: 0o600 });

/** Puts the shim into a folder under a name of its content, once; a shell goes on reading it while it runs. */
export const ensureShim = (folder: string, text: string): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const path = join(folder, `.shim-${hash}`);
  if (existsSync(path)) return path;
  writeFileSync(`${path}.${process.pid}`, text, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return path;
};

/** What the shim wrote down in `record`; the time of an end is that of the last write. */
export const readShimWords = (folder: string, generation: string): readonly ShimWord[] => {
  const path = join(folder, 'record');
  const text = readIfThere(path);
  if (text === null || text === '') return [];
  const writtenAt = Math.round(statSync(path).mtimeMs);
  // Without its line end, the last line is one that a full disk cut short.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => parseShimWord(line, generation, writtenAt)).filter((word) => word !== null);
};

/**
 * Whether the program of this start never began: its shim notes it first, and where it can not note it, starts nothing.
 * Not a word of this start is there, then, not even a torn one.
 */
export const neverBegan = (folder: string, { generation }: RunRecord): boolean =>
  !(readIfThere(join(folder, 'record')) ?? '').includes(generation);

/** Null for what no shim of this generation said. */
export const parseShimWord = (line: string, generation: string, at: number): ShimWord | null => {
  const [word, written, ...rest] = line.split(' ');
  if (written !== generation) return null;
  switch (word) {
    case 'started': {
      const [pid, startTicks, shimPid, shimStartTicks] = rest.map(Number);
      if (!pid || !startTicks || !shimPid || !shimStartTicks) return null;
      return { word, started: { pid, startTicks, shimPid, shimStartTicks } };
    }
    case 'refused':
      return { word, what: rest.join(' ') };
    case 'ended': {
      const code = Number(rest[1] ?? 'none');
      return Number.isInteger(code) ? { word, exit: assembleExit(rest[0] === 'killed', code, at) } : null;
    }
    default:
      return null;
  }
};

/** Removes what tells of a start; the life line is used again. */
export const clearRecords = (folder: string): void => {
  for (const name of ['spec.json', 'record']) {
    try {
      rmSync(join(folder, name), { force: true });
    } catch (error) {
      // A disk that takes no change: what stays has no process, and is found out as that.
      if (!(error as NodeJS.ErrnoException).code) throw error;
      return;
    }
  }
};

// Of two names for one number the first is the usual one: SIGABRT, not SIGIOT.
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

// Of these two a shell says nothing, so that exit codes 130 and 141 are taken for the signals.
const SILENT = new Set([constants.signals.SIGINT, constants.signals.SIGPIPE]);

// A shell adds 128 to the number of the signal.
const assembleExit = (wasKilled: boolean, code: number, at: number): Exit => {
  const number = code - 128;
  if (number <= 0 || (!wasKilled && !SILENT.has(number))) return { code, signal: null, at };
  return { code: null, signal: SIGNAL_NAMES.get(number) ?? `signal ${number}`, at };
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
