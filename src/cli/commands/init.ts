import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { action } from '../session.ts';

type Options = {
  readonly name?: string;
  readonly run?: string;
  readonly port?: string;
  readonly health?: string;
  readonly yes?: boolean;
};

export const register = (program: Command): void => {
  const command = program
    .command('init')
    .description('Write a first stack file for this folder, with comments, from what is in it.')
    .option('--name <name>', 'the name of the stack')
    .option('--run <command>', 'the command that starts the program')
    .option('--port <number>', 'a fixed port, where the program can not read $PORT')
    .option('--health <path>', 'a path that answers 200 when the program is good')
    .option('--yes', 'ask nothing')
    .action(
      action(async (session, { yes, ...answers }: Options) => {
        const { runInit } = await import('../init-stack.ts');
        return runInit({
          cwd: session.world.cwd,
          file: session.globals.file ?? 'reeve.yaml',
          answers,
          canAsk: session.world.canAsk && !yes && !session.globals.json,
          output: session.output,
        });
      }),
    );
  withExamples(
    command,
    ['reeve init', 'asks for a name, a command, and how to see that it is good'],
    ['reeve init --yes', 'takes what it finds in package.json, Procfile, go.mod, …'],
    ["reeve init --yes --run 'node server.js' --health /up", 'for scripts'],
  );
};
