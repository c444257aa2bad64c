import type { Command, CommanderError } from 'commander';
import { Refusal } from '../model/error.ts';
import { didYouMean } from '../stack/did-you-mean.ts';

/** Commander's complaint about what was typed, in our words and layout. */
export const usageRefusal = (error: CommanderError, argv: readonly string[]): Refusal => {
  const asked = ['reeve', ...argv].join(' ');
  // A group without one of its commands.
  if (error.code === 'commander.help') {
    return new Refusal('cli.usage', `Cannot run "${asked}": one of its commands is required`, {
      fix: 'see them: add --help',
    });
  }
  // `error: unknown command 'stats'` and on the next line `(Did you mean status?)`.
  const [complaint = '', suggestion = ''] = error.message.split('\n');
  return new Refusal('cli.usage', `Cannot run "${asked}": ${inOneSentence(complaint)}`, {
    fix: suggestion === '' ? 'see what it takes: add --help' : suggestion.replace(/^\((.*)\)$/, '$1'),
    cause: error,
  });
};

/** Refuses a word that is none of a group's commands, before the group's default command gets it as an argument. */
export const refuseUnknownCommand = (group: Command): void => {
  const typed = group.args[0];
  const names = group.commands.map((command) => command.name());
  if (typed === undefined || typed.startsWith('-') || names.includes(typed)) return;
  const meant = didYouMean(typed, names);
  throw new Refusal('cli.usage', `Cannot run "reeve ${group.name()} ${typed}": unknown command "${typed}"`, {
    fix: meant === null ? `choose one of ${names.join(', ')}` : `Did you mean ${meant}?`,
  });
};

const inOneSentence = (complaint: string): string =>
  complaint
    .replace(/^error: /, '')
    .replaceAll("'", '"')
    .replace(/\. ([A-Z])(?![A-Z])/g, (_stop, letter: string) => `, ${letter.toLowerCase()}`)
    .replace(/\.$/, '');
