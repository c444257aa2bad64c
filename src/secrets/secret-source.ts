// Reads env files for those who start programs. It promises to say what is wrong without ever showing a value, and
// knows nothing of stacks, services or what the variables are for.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Refusal } from '../model/error.ts';
import type { EnvFile } from '../model/stack.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import { parseDotenv } from './parse-dotenv.ts';

/** No environment is larger: the kernel takes 2 MiB with all arguments (execve(2)). */
const MAX_BYTES = 1 << 20;

/**
 * Env files on this host. Links are followed, and what they lead to counts. Refusals: `env.missing-file`, `env.syntax`,
 * `env.open-to-others` (not where every variable of the file is public), `env.too-large`, `env.unreadable`.
 */
export const createSecretSource = (): SecretSource => ({
  read: async (file) => {
    const handle = await openFile(file);
    if (handle === null) return { file, values: {} };
    await using closed = handle;
    const { mode, size } = await regularFile(closed, file);
    if (size > MAX_BYTES) throw tooLarge(file, size);
    const values = parse(file, await closed.readFile());
    const isOpen = (mode & 0o066) !== 0;
    if (isOpen && Object.keys(values).some((name) => !file.public.includes(name)))
      throw openToOthers(file, mode);
    return { file, values };
  },
});

const openFile = async (file: EnvFile): Promise<FileHandle | null> => {
  try {
    // Without O_NONBLOCK a FIFO at that path would wait for a writer.
    return await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (file.optional) return null;
      throw new Refusal('env.missing-file', `Cannot read env file "${file.path}": there is no such file`, {
        fix: 'write it, or mark it "optional: true" in the stack file',
      });
    }
    throw unreadable(file, code ?? String(error), error);
  }
};

const regularFile = async (handle: FileHandle, file: EnvFile): Promise<{ mode: number; size: number }> => {
  const stat = await handle.stat();
  if (stat.isFile()) return stat;
  throw unreadable(file, stat.isDirectory() ? 'it is a folder' : 'it is no regular file');
};

const parse = (file: EnvFile, bytes: Buffer): Readonly<Record<string, string>> => {
  const { values, complaints } = parseDotenv(decode(file, bytes));
  const [first] = complaints;
  if (first === undefined) return values;
  throw new Refusal(
    'env.syntax',
    `Cannot read env file "${file.path}": line ${first.line}, column ${first.column}: ${first.message}, ${first.expected} is required`,
    {
      problems: complaints.map(({ line, column, message, expected }) => ({
        code: 'env.syntax',
        severity: 'error',
        file: file.path,
        line,
        column,
        message,
        expected,
      })),
    },
  );
};

const decode = (file: EnvFile, bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const line = firstLineNotUtf8(bytes);
    const message = 'the line is not UTF-8';
    throw new Refusal(
      'env.syntax',
      `Cannot read env file "${file.path}": line ${line}, column 1: ${message}, UTF-8 text is required`,
      {
        problems: [{ code: 'env.syntax', severity: 'error', file: file.path, line, column: 1, message }],
        cause: error,
      },
    );
  }
};

const firstLineNotUtf8 = (bytes: Buffer): number => {
  // Latin-1 keeps every byte apart, and a line feed is never part of a longer UTF-8 sequence.
  const lines = bytes.toString('latin1').split('\n');
  const isUtf8 = (line: string): boolean =>
    Buffer.from(line, 'latin1').toString('utf8').indexOf('\uFFFD') < 0;
  return lines.findIndex((line) => !isUtf8(line)) + 1 || 1;
};

const openToOthers = (file: EnvFile, mode: number): Refusal =>
  new Refusal(
    'env.open-to-others',
    `Cannot use env file "${file.path}": its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}, one that only its owner may read and write is required`,
    {
      why: 'every other user of this host could read its secrets, or set them',
      fix: `chmod 600 ${file.path}`,
    },
  );

const tooLarge = (file: EnvFile, bytes: number): Refusal =>
  new Refusal(
    'env.too-large',
    `Cannot read env file "${file.path}": it has ${bytes} bytes, at most ${MAX_BYTES} are allowed`,
  );

const unreadable = (file: EnvFile, fact: string, cause?: unknown): Refusal =>
  new Refusal('env.unreadable', `Cannot read env file "${file.path}": ${fact}, a readable file is required`, {
    cause,
  });
