// Which stack a command is about: said, read from the nearest stack file, or the only one there is.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { StackFileText } from '../api/wire.ts';
import { Refusal } from '../model/error.ts';
import { isName, type Name } from '../model/names.ts';
import type { Session } from './session.ts';

const FILE_NAME = 'reeve.yaml';
const MAX_FILE_BYTES = 1_000_000;

/** `--stack`, else the `name:` of the stack file, else the only stack of the agent. Refusal `cli.stack-unclear`. */
export const chooseStack = async (session: Session): Promise<Name> => {
  const said = saidStack(session);
  if (said !== null) return said;
  const path = findStackFile(session);
  const name = path === null ? null : nameIn(readStackFile(path).text);
  if (name !== null) return name;
  const stacks = await session.client.call('listStacks', { signal: session.signal });
  if (stacks.length === 1) return stacks[0]!.stack;
  throw new Refusal(
    'cli.stack-unclear',
    `Cannot tell which stack is meant: no ${FILE_NAME} here, and the agent knows ${stacks.length} stacks`,
    {
      fix:
        stacks.length === 0
          ? 'bring one up first: reeve up'
          : `add --stack with one of ${stacks.map(({ stack }) => stack).join(', ')}`,
    },
  );
};

/** The stack file that is meant; with `--stack` alone, the one that stack was last deployed from. */
export const chooseStackFile = async (session: Session): Promise<StackFileText> => {
  const near = findStackFile(session);
  const said = saidStack(session);
  if (near !== null) {
    const file = readStackFile(near);
    if (said === null || session.globals.file !== undefined || nameIn(file.text) === said) return file;
  }
  if (said !== null) {
    await session.ensureAgent();
    const { file } = await session.client.call('stackStatus', {
      params: { stack: said },
      signal: session.signal,
    });
    if (file !== '') return readStackFile(file);
  }
  throw new Refusal(
    'cli.no-file',
    `Cannot find a stack file: no ${FILE_NAME} in "${session.world.cwd}" or above it`,
    {
      fix: 'write one with: reeve init; or give its path with --file',
    },
  );
};

/** `--stack` as a name. Refusal `cli.usage` where it can not be one. */
export const saidStack = ({ globals }: Session): Name | null => {
  if (globals.stack === undefined) return null;
  if (isName(globals.stack)) return globals.stack;
  throw new Refusal(
    'cli.usage',
    `Cannot use "${globals.stack}" as a stack: lower-case letters, digits and dashes are required`,
  );
};

// A look at one line, not a parse: whether the file is good is for the agent to say.
const nameIn = (text: string): Name | null => {
  const found = /^name:[ \t]*(["']?)([a-z0-9-]+)\1[ \t]*(?:#.*)?\r?$/m.exec(text)?.[2];
  return found !== undefined && isName(found) ? found : null;
};

const findStackFile = ({ globals, world }: Session): string | null => {
  if (globals.file !== undefined) {
    const path = resolve(world.cwd, globals.file);
    // The folder of a stack says as much as its file.
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, FILE_NAME) : path;
  }
  for (let folder = world.cwd; ; folder = dirname(folder)) {
    const path = join(folder, FILE_NAME);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return null;
  }
};

const readStackFile = (path: string): StackFileText => {
  try {
    const stat = statSync(path);
    // What a file says is relative to its folder, and a pipe has none that anybody means.
    if (!stat.isFile()) throw unreadable(path, 'it is no regular file, one is required');
    if (stat.size > MAX_FILE_BYTES)
      throw unreadable(path, `${stat.size} bytes, at most ${MAX_FILE_BYTES} are allowed`);
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw unreadable(path, code === 'ENOENT' ? 'there is no such file' : `the system says ${code}`, error);
  }
};

const unreadable = (path: string, fact: string, cause?: unknown): Refusal =>
  new Refusal('cli.no-file', `Cannot read the stack file "${path}": ${fact}`, {
    fix: 'give the path of a stack file with --file, or write one with: reeve init',
    cause,
  });
