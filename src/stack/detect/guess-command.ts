import { splitCommand } from '../split-command.ts';
import type { GuessedCommand } from './facts.ts';

/** A command line of another tool: without a shell where that means the same, else with one. */
export const guessCommand = (line: string): GuessedCommand => {
  const run = line.trim().replaceAll(/\s*\n\s*/g, ' ');
  const plain = run.replace(/^exec\s+/, '');
  // Expansion differs where a shell would split a value or use a default, so only a lone $PORT is taken as the same.
  const { faults } = splitCommand(plain);
  // Not even a shell could read it: whoever wrote it is told.
  if (faults.some(({ fault }) => fault === 'unclosed')) return { run, shell: false };
  const isPlain = faults.length === 0 && !/\$(?!PORT\b|\{PORT\})/.test(plain);
  return isPlain ? { run: plain, shell: false } : { run, shell: true };
};

/** A name that Reeve takes, from one of another tool; null where nothing is left of it. */
export const guessName = (text: string): string | null => {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replaceAll(/^-+|-+$/g, '');
  if (name === '') return null;
  return ['job', 'jobs', 'reeve'].includes(name) ? `${name}-1` : name;
};
