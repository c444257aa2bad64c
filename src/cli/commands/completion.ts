import { Argument, type Command } from 'commander';
import { renderBash } from '../completion/bash.ts';
import { renderFish } from '../completion/fish.ts';
import { readWords } from '../completion/words.ts';
import { renderZsh } from '../completion/zsh.ts';
import { withExamples } from '../examples.ts';
import { action } from '../session.ts';

const SHELLS = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;
type Shell = keyof typeof SHELLS;

export const register = (program: Command): void => {
  const command = program
    .command('completion')
    .description('Print the completion script of a shell.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(SHELLS)))
    .action(
      action(async ({ output }, shell: Shell) => {
        const script = SHELLS[shell](readWords(program));
        output.raw({ shell, script }, script);
      }),
    );
  withExamples(
    command,
    ['reeve completion bash > /etc/bash_completion.d/reeve', 'for everybody'],
    ['source <(reeve completion zsh)', 'in ~/.zshrc'],
    ['reeve completion fish > ~/.config/fish/completions/reeve.fish', 'for fish'],
  );
};
