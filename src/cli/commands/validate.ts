import { relative } from 'node:path';
import type { Command } from 'commander';
import type { StackFileText } from '../../api/wire.ts';
import { hasErrors } from '../../model/problem.ts';
import type { Stack } from '../../model/stack.ts';
import { loadStack } from '../../stack/load-stack.ts';
import { countProblems, type Paint, renderProblems } from '../../stack/render-problems.ts';
import { chooseStackFile } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import type { Output } from '../output/output.ts';
import type { Style } from '../output/paint.ts';
import { action } from '../session.ts';

export type ValidateOptions = {
  readonly file: StackFileText;
  readonly output: Output;
  /** The folder that the file's name is shown relative to. */
  readonly cwd: string;
  /** What `~/` stands for. */
  readonly homeFolder: string | undefined;
};

export const register = (program: Command): void => {
  const command = program
    .command('validate')
    .description(
      'Check the stack file: everything that is wrong with it at once, each with its place and a fix.',
    )
    .action(
      action(async ({ output, world, ...session }) => {
        const file = await chooseStackFile({ output, world, ...session });
        return runValidate({ file, output, cwd: world.cwd, homeFolder: world.env.HOME });
      }),
    );
  withExamples(
    command,
    ['reeve validate', 'the nearest reeve.yaml'],
    ['reeve validate --file deploy/reeve.yaml', 'another file'],
    ['reeve validate --json | jq .problems', 'the problems as data'],
  );
};

/** Prints what is wrong with a stack file, or that it is valid. Gives the exit code: 0, or 2 where there are errors. */
const runValidate = ({ file, output, cwd, homeFolder }: ValidateOptions): number => {
  const { stack, problems } = loadStack(file, homeFolder === undefined ? {} : { homeFolder });
  const name = shortest(cwd, file.path);
  const value = {
    file: file.path,
    valid: stack !== null,
    stack: stack?.name ?? null,
    services: stack?.services.length ?? 0,
    jobs: stack?.jobs.length ?? 0,
    problems,
  };
  const rendered = renderProblems(problems, { text: file.text, name, paint: paintWith(output) });
  const parts = [
    ...(rendered === '' ? [] : [rendered]),
    ...(stack !== null && output.isQuiet ? [] : [`${summary(name, stack, countProblems(problems))}\n`]),
  ];
  output.raw(value, parts.join('\n'));
  return hasErrors(problems) ? EXIT.refused : EXIT.done;
};

const summary = (name: string, stack: Stack | null, problems: string): string => {
  if (stack === null) return `${name} is not valid: ${problems}`;
  const contents = `${count(stack.services.length, 'service')}, ${count(stack.jobs.length, 'job')}`;
  return `${name} is valid: ${contents}${problems === '' ? '' : ` (${problems})`}`;
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

const STYLES: Readonly<Record<Parameters<Paint>[0], Style>> = {
  place: 'bold',
  error: 'boldRed',
  warning: 'boldYellow',
  code: 'dim',
  label: 'dim',
  gutter: 'dim',
  caret: 'boldYellow',
};

const paintWith =
  (output: Output): Paint =>
  (role, text) =>
    output.voice.paint(STYLES[role], text);

const shortest = (cwd: string, path: string): string => {
  const near = relative(cwd, path);
  return near === '' || near.length >= path.length ? path : near;
};
