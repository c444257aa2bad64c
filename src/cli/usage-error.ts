import type { Command, CommanderError } from 'commander';
import { Refusal } from '../model/error.ts';
import { didYouMean } from '../stack/did-you-mean.ts';

/** Commander's complaint about what was typed, in our words and layout. */
export const usageRefusal = (error: CommanderError, argv: readonly string[], program: Command): Refusal => {
  const cannot = `Cannot run "${['reeve', ...argv].join(' ')}"`;
  const command = typedCommand(program, argv);
  const help = `see what it takes: ${[...namesOf(command), '--help'].join(' ')}`;
  // A group without one of its commands, or the help of what is none.
  if (error.code === 'commander.help') {
    const asked = argv[0] === 'help' ? argv[1] : undefined;
    const fact = asked === undefined ? 'one of its commands is required' : `unknown command "${asked}"`;
    return new Refusal('cli.usage', `${cannot}: ${fact}`, { fix: 'see the commands: reeve --help' });
  }
  // `error: unknown command 'stats'` and on the next line `(Did you mean status?)`.
  const [complaint = '', suggestion = ''] = error.message.split('\n(');
  const parts = {
    fix: suggestion === '' ? help : suggestion.replace(/^Did you mean (.*)\?\)$/, 'write $1'),
    cause: error,
  };
  const invalid = readInvalid(complaint);
  if (invalid)
    return new Refusal('cli.usage', `Cannot use "${invalid.value}" as ${invalid.as}: ${invalid.fact}`, parts);
  return new Refusal('cli.usage', `${cannot}: ${factOf(error.code, complaint, command)}`, parts);
};

/** Refuses a word that is none of a group's commands, before the group's default command gets it as an argument. */
export const refuseUnknownCommand = (group: Command): void => {
  const typed = group.args[0];
  const names = group.commands.map((command) => command.name());
  if (typed === undefined || typed.startsWith('-') || names.includes(typed)) return;
  const meant = didYouMean(typed, names);
  throw new Refusal('cli.usage', `Cannot run "reeve ${group.name()} ${typed}": unknown command "${typed}"`, {
    fix: meant === null ? `choose one of ${names.join(', ')}` : `write ${meant}`,
  });
};

// As far as what was typed names one: `changes show` of `changes show twelve`.
const typedCommand = (program: Command, argv: readonly string[]): Command => {
  let command = program;
  for (const word of argv) {
    const child = command.commands.find((one) => one.name() === word);
    if (child) command = child;
  }
  return command;
};

const namesOf = (command: Command): string[] =>
  command.parent ? [...namesOf(command.parent), command.name()] : ['reeve'];

type Invalid = { readonly value: string; readonly as: string; readonly fact: string };

// `option '--wait <duration>' argument 'soon' is invalid. A duration …`, and the same for an argument.
const readInvalid = (complaint: string): Invalid | null => {
  const option =
    /^error: option '(?:-\w, )?(--[\w-]+)[^']*' argument '([\s\S]*?)' is invalid\. ([\s\S]+)$/.exec(
      complaint,
    );
  if (option) return { as: option[1]!, value: option[2]!, fact: lowerFirst(option[3]!) };
  const argument =
    /^error: command-argument value '([\s\S]*?)' is invalid for argument '([^']+)'\. ([\s\S]+)$/.exec(
      complaint,
    );
  if (!argument) return null;
  const fact = argument[3]!.replace(/^Allowed choices are (.*)\.$/, 'one of $1 is required');
  return { as: `<${argument[2]!}>`, value: argument[1]!, fact: lowerFirst(fact) };
};

const factOf = (code: string, complaint: string, command: Command): string => {
  const [, quoted = ''] = /'([^']*)'/.exec(complaint) ?? [];
  switch (code) {
    case 'commander.missingArgument':
      return `<${quoted}> is required`;
    case 'commander.missingMandatoryOptionValue':
      return `${quoted} is required`;
    case 'commander.optionMissingArgument':
      return `${quoted} needs a value`;
    case 'commander.excessArguments':
      return `"${command.name()}" takes ${argumentCount(command)}`;
    default:
      return lowerFirst(
        complaint
          .replace(/^error: /, '')
          .replaceAll("'", '"')
          .replace(/\.$/, ''),
      );
  }
};

const argumentCount = ({ registeredArguments }: Command): string => {
  const count = registeredArguments.length;
  if (count === 0) return 'no argument';
  return `at most ${count} argument${count === 1 ? '' : 's'}`;
};

const lowerFirst = (text: string): string =>
  /^[A-Z][A-Z]/.test(text) ? text : `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
