// Loaded into the real agent ahead of its own code (`node --import`): ends it with SIGKILL right before or right after
// an exact write to its database, rename or removal of a file, or start of a process. The agent has no word of it.
import childProcess from 'node:child_process';
import fs, { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, StatementSync } from 'node:sqlite';

/** Where in the life of an agent it dies. */
export type CrashPoint = {
  /** Counts from 1, beginning with the first write whose label has this beginning. */
  readonly from: string;
  readonly write: number;
  readonly side: 'before' | 'after';
  /** Another process that dies in its place: its pid. */
  readonly victim?: number;
};

/** The folder in which an agent looks for its `order.json`, and writes the labels of what it has counted. */
export const CRASH_FOLDER = 'REEVE_CRASH_FOLDER';
export const orderPath = (folder: string): string => join(folder, 'order.json');
export const writesPath = (folder: string): string => join(folder, 'writes.log');

const folder = process.env[CRASH_FOLDER];
let ordered: string | null = null;
let counted = 0;
let transaction: string[] | null = null;

// Counting begins anew with every order.
const readOrder = (): CrashPoint | null => {
  const text = folder === undefined ? null : readOrNull(orderPath(folder));
  if (text !== ordered) counted = 0;
  ordered = text;
  return text === null ? null : (JSON.parse(text) as CrashPoint);
};

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

// `insert records 3 done`: what is written, and those of its values that say something.
const labelOf = (sql: string, values: readonly SQLInputValue[]): string | null => {
  const match = /^\s*(INSERT OR REPLACE INTO|INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)/.exec(sql);
  if (!match || match[2] === 'audit') return null;
  const words = values.map(String).filter((value) => value !== 'null' && /^[\w-]{1,20}$/.test(value));
  const telling = words.filter((word) => !/^\d{9,}$/.test(word) && !/^[0-9a-f]{12,}$/.test(word));
  const what = sql.includes('cancel_requested') ? ['cancel'] : telling;
  return [match[1]!.split(' ')[0]!.toLowerCase(), match[2], ...what].join(' ');
};

const around = <T>(label: string, write: () => T): T => {
  const order = readOrder();
  if (order !== null && (counted > 0 || label.startsWith(order.from))) {
    counted += 1;
    appendFileSync(writesPath(folder!), `${label}\n`);
  }
  const isHere = order !== null && counted === order.write;
  if (isHere && order.side === 'before') end(order);
  const result = write();
  if (isHere && order.side === 'after') end(order);
  return result;
};

const end = ({ victim }: CrashPoint): void => {
  rmSync(orderPath(folder!));
  process.kill(victim ?? process.pid, 'SIGKILL');
};

type Anything = (...given: unknown[]) => unknown;

// Where what is renamed, removed or linked ends up; logs are rotated whenever they like, and are no part of a change.
const pathLabel = (name: string, path: unknown): string | null =>
  typeof path !== 'string' ||
  path.includes('/logs/') ||
  dirname(path) === folder ||
  /\.tmp$|\/live$/.test(path)
    ? null
    : `${name} ${basename(path)}`;

/** Replaces a function of a built-in module; `labelFor` gives null for calls that do not count. */
const patch = (
  module: object,
  name: string,
  labelFor: (given: readonly unknown[]) => string | null,
): void => {
  const original = (module as Record<string, Anything>)[name]!;
  const patched = (...given: unknown[]): unknown => {
    const label = labelFor(given);
    return label === null ? original(...given) : around(label, () => original(...given));
  };
  Object.defineProperty(module, name, { value: patched });
};

if (folder !== undefined) {
  patch(fs, 'renameSync', ([, to]) => pathLabel('rename', to));
  patch(fs, 'rmSync', ([path]) => pathLabel('remove', path));
  patch(fs.promises, 'rm', ([path]) => pathLabel('remove', path));
  patch(childProcess, 'spawn', ([program]) => (program === 'fallocate' ? null : `spawn ${String(program)}`));
  syncBuiltinESMExports();
  for (const name of ['run', 'get', 'all'] as const) {
    const original = StatementSync.prototype[name] as Anything;
    const patched = function (this: StatementSync, ...values: SQLInputValue[]): unknown {
      const label = labelOf(this.sourceSQL, values);
      if (label === null) return original.apply(this, values);
      if (transaction === null) return around(label, () => original.apply(this, values));
      transaction.push(label);
      return original.apply(this, values);
    };
    Object.defineProperty(StatementSync.prototype, name, { value: patched });
  }
  const exec = (DatabaseSync.prototype as unknown as Record<string, Anything>).exec!;
  const patchedExec = function (this: DatabaseSync, sql: string): unknown {
    if (sql === 'BEGIN IMMEDIATE') transaction = [];
    if (sql !== 'COMMIT' || transaction === null) return exec.call(this, sql);
    const label = transaction.join(', ');
    transaction = null;
    return label === '' ? exec.call(this, sql) : around(label, () => exec.call(this, sql));
  };
  Object.defineProperty(DatabaseSync.prototype, 'exec', { value: patchedExec });
}
