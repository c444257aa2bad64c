// docs/reference/commands.md, from the commands themselves.
import type { Argument, Command, Option } from 'commander';
import { EXIT_MEANINGS } from './exit-code.ts';
import { openWholeProgram } from './program.ts';
import type { Screen, World } from './world.ts';

/** The page, whole. */
export const renderCommandReference = async (): Promise<string> => {
  const program = await openWholeProgram({ world: nowhere(), exitCode: 0 });
  const commands = program.commands as readonly Command[];
  const parts = [
    '# Commands',
    'Every command takes `--json`: then stdout carries one JSON value (streams: one a line), also for errors: `{"error": …}`.',
    '## Options of every command',
    optionTable(program.options),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
    ),
    ...commands.flatMap((command) => describeCommand(command, 'reeve', 2)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
};

const describeCommand = (command: Command, parent: string, level: number): string[] => {
  const path = `${parent} ${command.name()}`;
  return [
    `${'#'.repeat(level)} ${path}`,
    command.description(),
    `\`\`\`\n${path} ${command.usage()}\n\`\`\``,
    table(
      ['argument', 'meaning'],
      command.registeredArguments
        .filter(({ description }) => description !== '')
        .map((argument) => [`\`${argumentName(argument)}\``, argument.description]),
    ),
    optionTable(command.options),
    helpAfter(command),
    ...(command.commands as readonly Command[]).flatMap((child) => describeCommand(child, path, level + 1)),
  ];
};

const argumentName = (argument: Argument): string => `${argument.name()}${argument.variadic ? '...' : ''}`;

const optionTable = (options: readonly Option[]): string =>
  table(
    ['option', 'meaning'],
    options.map((option) => [
      `\`${option.flags}\``,
      option.defaultValue === undefined || typeof option.defaultValue === 'boolean'
        ? option.description
        : `${option.description} (default: ${String(option.defaultValue)})`,
    ]),
  );

const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return '';
  const lines = [titles, titles.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map(escapeCell).join(' | ')} |`,
  );
  return lines.join('\n');
};

const escapeCell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');

// What a command's help says after its options: its examples, and what only it knows.
const helpAfter = (command: Command): string => {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const after = text.slice(command.helpInformation().length).trim();
  return after === '' ? '' : `\`\`\`sh\n${after}\n\`\`\``;
};

const nowhere = (): World => {
  const screen: Screen = {
    isTerminal: false,
    write: () => {},
    columns: () => 80,
    rows: () => 24,
    readerGone: new AbortController().signal,
  };
  return {
    stdout: screen,
    stderr: screen,
    canAsk: false,
    env: {},
    cwd: '/',
    uid: 0,
    user: '',
    interrupted: new AbortController().signal,
    leaveInterrupts: () => {},
    now: Date.now,
  };
};
