import { relative } from 'node:path';
import type { Problem } from '../../model/problem.ts';
import type { Voice } from './output.ts';
import { type Line, span, wrap } from './text.ts';

const INDENT = 4;

/** Each problem where an editor or a terminal makes a link of it, then what was expected and what to do. */
export const renderProblems = (problems: readonly Problem[], voice: Voice): Line[] =>
  problems.flatMap((problem) => [
    [
      { text: '  ' },
      span(`${shortest(problem.file)}:${problem.line}:${problem.column}`, 'bold'),
      { text: '  ' },
      span(problem.severity, problem.severity === 'error' ? 'red' : 'yellow'),
      { text: '  ' },
      span(problem.code, 'dim'),
    ],
    ...indented(problem.message, voice),
    ...(problem.expected === undefined ? [] : indented(`expected: ${problem.expected}`, voice)),
    ...(problem.fix === undefined ? [] : indented(`fix: ${problem.fix}`, voice)),
  ]);

const indented = (text: string, voice: Voice): Line[] =>
  text
    .split('\n')
    .flatMap((part) => wrap(part, voice.width - INDENT - 1))
    .map((part) => [{ text: ' '.repeat(INDENT) }, span(part)]);

const shortest = (file: string): string => {
  const near = relative(process.cwd(), file);
  return near === '' || near.length >= file.length ? file : near;
};
