// What can be typed, read from the program itself, so that no completion is ever behind it.
import type { Command } from 'commander';

export type Words = {
  /** `''` for reeve itself, else the path: `agent start`. */
  readonly path: string;
  readonly summary: string;
  readonly options: readonly OptionWord[];
  /** Its commands, or the words that its argument may be. */
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
};

export type OptionWord = {
  readonly flags: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  readonly isFile: boolean;
};

/** One entry per command, the program itself first; each has the options of every command too. */
export const readWords = (program: Command): readonly Words[] => {
  const own = optionsOf(program);
  const common = own.filter(({ flags }) => !flags.includes('--version'));
  const walk = (command: Command, path: string): Words[] => [
    {
      path,
      summary: command.description(),
      options: [...(path === '' ? own : [...optionsOf(command), ...common]), HELP],
      commands: [
        ...command.commands.map((child) => ({ name: child.name(), summary: child.description() })),
        ...(command.registeredArguments[0]?.argChoices ?? []).map((name) => ({ name, summary: '' })),
      ],
    },
    ...command.commands.flatMap((child) => walk(child as Command, `${path} ${child.name()}`.trim())),
  ];
  return walk(program, '');
};

const HELP: OptionWord = { flags: ['-h', '--help'], summary: 'show help', takesValue: false, isFile: false };

const optionsOf = (command: Command): OptionWord[] =>
  command.options.map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    summary: option.description,
    takesValue: option.required || option.optional,
    isFile: option.long === '--file',
  }));

/** All flags that take a value, for scripts that have to step over the value. */
export const flagsWithValue = (words: readonly Words[]): string[] => [
  ...new Set(
    words.flatMap(({ options }) =>
      options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags),
    ),
  ),
];

export const fileFlags = (words: readonly Words[]): string[] => [
  ...new Set(
    words.flatMap(({ options }) => options.filter(({ isFile }) => isFile).flatMap(({ flags }) => flags)),
  ),
];
