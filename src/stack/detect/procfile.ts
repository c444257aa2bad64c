import { type FolderFacts, type Guess, NO_GUESS, service } from './facts.ts';
import { guessCommand, guessName } from './guess-command.ts';

/** A Procfile names the programs outright: `web: bin/server`, one a line. `release` runs before a deploy. */
export const guessFromProcfile = ({ contents }: FolderFacts): Guess | null => {
  const lines = (contents.Procfile ?? '').split(/\r?\n/).flatMap((line) => {
    const match = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line);
    const name = match && guessName(match[1]!);
    return match && name ? [{ name, command: guessCommand(match[2]!) }] : [];
  });
  const entries = lines.filter(
    ({ name }, index) => lines.findIndex((other) => other.name === name) === index,
  );
  if (entries.length === 0) return null;
  return {
    ...NO_GUESS,
    from: 'Procfile',
    services: entries
      .filter(({ name }) => name !== 'release')
      .map(({ name, command }) => service(name, command)),
    jobs: entries
      .filter(({ name }) => name === 'release')
      .map(({ command }) => ({ name: 'release', phase: 'before' as const, ...command })),
  };
};
