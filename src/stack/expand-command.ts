import { Refusal } from '../model/error.ts';
import type { Command } from '../model/stack.ts';
import { quote } from './quote.ts';

const VARIABLE = /\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g;

/**
 * A command as it is started: in a command without a shell, `$NAME` and `${NAME}` become the value of that variable
 * and `$$` becomes a dollar, in the program and in every argument. A value is never split into words or expanded
 * again. With `shell` the command comes back as it is: the shell expands. Refusal `command.unset-variable` where
 * `env` lacks a variable, for a missing argument is worse than no start.
 */
export const expandCommand = (command: Command, env: Readonly<Record<string, string>>): Command => {
  if (command.shell) return command;
  const [missing] = findUnsetVariables(command, env);
  if (missing !== undefined) {
    throw new Refusal(
      'command.unset-variable',
      `Cannot expand "$${missing}" in ${quote(command.argv.join(' '))}: the variable is not set, a value is required`,
      { fix: `set ${missing} under env or in an env file, or write $$${missing} for the text itself` },
    );
  }
  return { argv: command.argv.map((argument) => expand(argument, env)), shell: false };
};

/** The variables that a command without a shell names and `env` lacks, each once. */
export const findUnsetVariables = (
  command: Command,
  env: Readonly<Record<string, string>>,
): readonly string[] => {
  if (command.shell) return [];
  const names = command.argv.flatMap((argument) =>
    [...argument.matchAll(VARIABLE)].map((match) => match[1] ?? match[2]),
  );
  return [...new Set(names)].filter((name) => name !== undefined && !Object.hasOwn(env, name)) as string[];
};

const expand = (argument: string, env: Readonly<Record<string, string>>): string =>
  argument.replaceAll(VARIABLE, (_whole, bare?: string, braced?: string) => {
    const name = bare ?? braced;
    return name === undefined ? '$' : env[name]!;
  });
