import { type CommandFault, findBadVariables, splitCommand } from '../split-command.ts';
import { quote } from '../quote.ts';
import { describeSubject } from '../subject.ts';
import {
  type CommandFacts,
  type Complaint,
  commandsOf,
  programsOf,
  type RuleContext,
  servicesOf,
} from './rule.ts';

export const checkCommands = (context: RuleContext): void => {
  for (const facts of commandsOf(context)) {
    if (typeof facts.written === 'string') judgeLine(context, facts, facts.written);
    else judgeList(context, facts, facts.written);
  }
  for (const { path, program } of programsOf(context)) judgeUser(context, [...path, 'user'], program.user);
  for (const { path, service, written } of servicesOf(context)) {
    const health = typeof written.health === 'object' ? written.health : null;
    if (health?.shell === undefined || health.exec !== undefined) continue;
    context.warn(context.places.ofKey([...path, 'health', 'shell']), {
      code: 'key.no-effect',
      message: `Cannot use "shell" in the health of ${quote(service.name)}: it belongs to an exec probe`,
      fix: 'remove shell',
    });
  }
};

const judgeLine = ({ places, error }: RuleContext, { path, isShell }: CommandFacts, line: string): void => {
  if (line.trim() === '') {
    error(places.ofValue(path), emptyCommand(path));
    return;
  }
  if (line.includes('\0')) error(places.ofValue(path), zeroByte(path));
  if (isShell) return;
  for (const fault of firstOfEachKind(splitCommand(line).faults)) {
    error(places.ofValue(path, fault.offset), explainFault(fault, path));
  }
};

// One line that was written for a shell has many signs of it, and one remedy.
const firstOfEachKind = (faults: readonly CommandFault[]): readonly CommandFault[] =>
  faults.filter(({ fault }, index) => faults.findIndex((other) => other.fault === fault) === index);

const judgeList = (
  { places, error }: RuleContext,
  { path, isShell, command }: CommandFacts,
  list: readonly (string | number | boolean)[],
): void => {
  if (isShell) {
    error(places.ofValue(path), {
      code: 'command.shell-list',
      message: `Cannot hand ${describeSubject(path)} to a shell: it is a list, one line is required`,
      fix: 'write the command as one line, or remove shell',
    });
    return;
  }
  if (list.length === 0 || command.argv[0] === '') error(places.ofValue(path), emptyCommand(path));
  for (const [index, argument] of command.argv.entries()) {
    const at = [...path, index];
    if (argument.includes('\0')) error(places.ofValue(at), zeroByte(path));
    const [fault] = findBadVariables(argument);
    if (fault) error(places.ofValue(at, fault.offset), explainFault(fault, path));
  }
};

const emptyCommand = (path: CommandFacts['path']): Complaint => ({
  code: 'command.empty',
  message: `Cannot run ${describeSubject(path)}: it is empty, a program is required`,
});

const zeroByte = (path: CommandFacts['path']): Complaint => ({
  code: 'command.zero-byte',
  message: `Cannot run ${describeSubject(path)}: it has a zero byte in it, which no argument can hold`,
});

const explainFault = ({ fault, token }: CommandFault, path: CommandFacts['path']): Complaint => {
  const subject = describeSubject(path);
  switch (fault) {
    case 'unclosed':
      return token === '\\'
        ? {
            code: 'command.unclosed',
            message: `Cannot split ${subject}: it ends with a backslash`,
            fix: 'remove it, or write it twice',
          }
        : {
            code: 'command.unclosed',
            message: `Cannot split ${subject}: the ${token === '"' ? 'double' : 'single'} quote that opens here is never closed`,
            fix: `add the closing ${token}`,
          };
    case 'shell-syntax':
      return {
        code: 'command.shell-syntax',
        message: `Cannot run ${subject} without a shell: ${token === '\n' ? 'a line break' : quote(token)} means something to a shell only`,
        fix: fixShellSyntax(token),
      };
    case 'bad-variable':
      return {
        code: 'command.bad-variable',
        message: `Cannot expand ${quote(token)} in ${subject}: that is no variable`,
        expected: '$NAME, ${NAME}, or $$ for a dollar',
        fix: token === '$' ? 'write $$' : 'set shell: true, or write $$ for a dollar',
      };
    case 'assignment':
      return {
        code: 'command.assignment',
        message: `Cannot run ${subject} without a shell: it sets ${quote(token)} before the program`,
        fix: `set ${token} under env`,
      };
    case 'builtin':
      return {
        code: 'command.builtin',
        message: `Cannot run ${subject} without a shell: ${quote(token)} is part of a shell, no program`,
        fix: token === 'exec' ? 'remove exec' : token === 'cd' ? 'set folder' : 'set shell: true',
      };
    case 'empty':
      return emptyCommand(path);
    default:
      return fault satisfies never;
  }
};

const fixShellSyntax = (token: string): string => {
  if (token === '\n') return 'set shell: true';
  if (token === '~') return 'write $HOME in its place';
  return 'set shell: true, or put it in quotes where it is plain text';
};

// As useradd(8) takes it; a name that begins with a dash would be an option.
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;

const judgeUser = ({ places, error }: RuleContext, path: CommandFacts['path'], user: string | null): void => {
  if (user === null || USER.test(user)) return;
  error(places.ofValue(path), {
    code: 'user.wrong',
    message: `Cannot use ${quote(user)} as ${describeSubject(path)}: a user name of the host is required`,
    expected: 'lower-case letters, digits, dashes and underscores, at most 32',
    ...(/^[0-9]+(:[0-9]+)?$/.test(user) && { fix: 'write the name, not the number' }),
  });
};
