// What the kernel would say to an exec, asked beforehand: afterwards only an exit code is left of it.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { exhaustionOf } from '../../model/error.ts';
import type { RunSpec } from '../../ports/driver.ts';
import type { Refused } from './refused.ts';
import { isExecutable, type Tools } from './tools.ts';
import type { HostUser } from './resolve-user.ts';

/** Program and arguments as they are run; a shell where the command wants one. */
export const argvOf = ({ command }: RunSpec): readonly string[] =>
  command.shell ? ['/bin/sh', '-c', command.argv.join(' ')] : command.argv;

/** Null where the program can be started by this process's user. The order of PATH decides, as in execvp(3). */
export const checkProgram = (spec: RunSpec): Refused | null => {
  if (!isFolder(spec.workingFolder))
    return { code: 'run.no-folder', words: `no such working folder: ${spec.workingFolder}` };
  const [program] = argvOf(spec);
  if (!program) return { code: 'run.no-program', words: 'no program is named' };
  const candidates = candidatesFor(program, spec).filter(isFile);
  const path = candidates.find(isExecutable);
  if (path !== undefined) return checkInterpreter(path, spec.workingFolder);
  const [found] = candidates;
  return found === undefined
    ? { code: 'run.no-program', words: `no such file: ${program}${whereSearched(program, spec)}` }
    : { code: 'run.not-executable', words: `not executable: ${found}` };
};

/** The same for another user: only the kernel knows what its groups and the folders on the way allow. */
export const checkProgramAs = async (
  user: HostUser,
  spec: RunSpec,
  tools: Tools,
): Promise<Refused | null> => {
  const [program] = argvOf(spec);
  const path = candidatesFor(program!, spec).find(
    (candidate) => isFile(candidate) && isExecutable(candidate),
  )!;
  const code = await exitCodeOf(tools.setpriv!, [
    ...dropTo(user),
    tools.sh,
    '-c',
    'cd "$1" || exit 40; test -x "$2" || exit 41',
    'sh',
    spec.workingFolder,
    path,
  ]);
  if (code === 0) return null;
  const who = `for user "${user.name}"`;
  if (code === 40) return { code: 'run.no-folder', words: `not reachable ${who}: ${spec.workingFolder}` };
  if (code === 41) return { code: 'run.not-executable', words: `not executable ${who}: ${path}` };
  return { code: 'run.user', words: `can not become user "${user.name}": setpriv ended with ${code}` };
};

/** Arguments of setpriv(1): user, group and all further groups of the user. */
export const dropTo = (user: HostUser): readonly string[] => [
  `--reuid=${user.uid}`,
  `--regid=${user.gid}`,
  '--init-groups',
  '--',
];

const candidatesFor = (program: string, { env, workingFolder }: RunSpec): readonly string[] => {
  if (program.includes('/')) return [resolve(workingFolder, program)];
  // An empty entry is the working folder; without PATH, execvp searches these.
  const folders = (env.PATH ?? '/bin:/usr/bin').split(':');
  return folders.map((folder) => join(isAbsolute(folder) ? folder : resolve(workingFolder, folder), program));
};

const whereSearched = (program: string, { env, workingFolder }: RunSpec): string => {
  if (!program.includes('/')) return `, searched in PATH (${env.PATH ?? '/bin:/usr/bin'})`;
  return isAbsolute(program) ? '' : `, seen from ${workingFolder}`;
};

// A script whose interpreter is missing looks like a missing script to whoever starts it.
const checkInterpreter = (path: string, workingFolder: string): Refused | null => {
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(firstBytes(path))?.[1];
  if (interpreter === undefined) return null;
  const target = resolve(workingFolder, interpreter);
  if (isFile(target) && isExecutable(target)) return null;
  return {
    code: 'run.no-program',
    words: `no such interpreter: ${interpreter}, named in the first line of ${path}`,
  };
};

const firstBytes = (path: string): string => {
  let fd;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    // Executable and not readable: a binary.
    if ((error as NodeJS.ErrnoException).code) return '';
    throw error;
  }
  try {
    const buffer = Buffer.alloc(256);
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } finally {
    closeSync(fd);
  }
};

const isFile = (path: string): boolean => statOf(path)?.isFile() ?? false;
const isFolder = (path: string): boolean => statOf(path)?.isDirectory() ?? false;

const statOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return undefined;
    throw error;
  }
};

const exitCodeOf = (program: string, argv: readonly string[]): Promise<number> =>
  new Promise((resolved, failed) => {
    const child = execFile(program, argv, (error) => {
      if (error && exhaustionOf(error) !== null) failed(error);
      else resolved(child.exitCode ?? 1);
    });
  });
