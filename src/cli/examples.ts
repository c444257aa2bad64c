import type { Command } from 'commander';

/** The examples at the end of a command's help: what to type, and what it does. */
export const withExamples = (
  command: Command,
  ...examples: readonly (readonly [typed: string, does: string])[]
): Command => {
  const width = Math.max(...examples.map(([typed]) => typed.length));
  const lines = examples.map(([typed, does]) => `  $ ${typed.padEnd(width)}  ${does}`.trimEnd());
  return command.addHelpText(
    'after',
    `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}`,
  );
};
