import type { Problem } from '../model/problem.ts';
import { escapeCharacter, maskCredentials } from './quote.ts';
import { isSecretName } from './secret-names.ts';

/** Gives a piece of the text its colour, or leaves it as it is. */
export type Paint = (
  role: 'place' | 'error' | 'warning' | 'code' | 'label' | 'gutter' | 'caret',
  text: string,
) => string;

export type RenderOptions = {
  /** Of the file that the problems are about. */
  readonly text: string;
  /** How the file is called in front of each problem; its path where not given. */
  readonly name?: string;
  readonly paint?: Paint;
};

const WIDEST = 100;

/**
 * Problems as text for a terminal: place and message, the line of the file with a caret, what was expected, and a fix.
 * Values that look secret are masked, and nothing that a terminal would obey comes through.
 */
export const renderProblems = (problems: readonly Problem[], options: RenderOptions): string => {
  const lines = options.text.split(/\r?\n/);
  return problems.map((problem) => renderProblem(problem, lines, options)).join('\n');
};

/** `2 errors, 1 warning`. */
export const countProblems = (problems: readonly Problem[]): string => {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const parts = [count(errors, 'error'), count(warnings, 'warning')].filter((part) => part !== '');
  return parts.join(', ');
};

const count = (number: number, what: string): string =>
  number === 0 ? '' : `${number} ${what}${number === 1 ? '' : 's'}`;

const renderProblem = (
  problem: Problem,
  lines: readonly string[],
  { name, paint = plain }: RenderOptions,
): string => {
  const place = `${name ?? problem.file}:${problem.line}:${problem.column}:`;
  const head = [
    paint('place', place),
    paint(problem.severity, `${problem.severity}:`),
    problem.message,
    paint('code', `[${problem.code}]`),
  ].join(' ');
  const notes = [
    ...(problem.expected === undefined ? [] : [`  ${paint('label', 'expected')}  ${problem.expected}`]),
    ...(problem.fix === undefined ? [] : [`  ${paint('label', 'fix')}       ${problem.fix}`]),
  ];
  return [head, ...renderLine(problem, lines, paint), ...notes].map((line) => `${line}\n`).join('');
};

const renderLine = (problem: Problem, lines: readonly string[], paint: Paint): readonly string[] => {
  const line = lines[problem.line - 1] ?? '';
  if (line.trim() === '') return [];
  const gutter = String(problem.line);
  const window = cutAround(maskLine(line), problem.column - 1);
  const padding = window.before.replaceAll(/[^\t]/g, ' ');
  return [
    `  ${paint('gutter', `${gutter} |`)} ${showable(window.before + window.after)}`,
    `  ${paint('gutter', `${' '.repeat(gutter.length)} |`)} ${padding}${paint('caret', '^')}`,
  ];
};

// A long line is shown from shortly before the place on.
const cutAround = (line: string, at: number): { readonly before: string; readonly after: string } => {
  const start = at < WIDEST - 20 ? 0 : at - 40;
  const before = (start > 0 ? '…' : '') + line.slice(start, at);
  const after = line.slice(at, start + WIDEST);
  return { before, after: after + (line.length > start + WIDEST ? '…' : '') };
};

// The mask is as long as what it hides, so that the caret stays where it belongs.
const maskLine = (line: string): string => {
  const assignment = /^([\s{,-]*["']?([A-Za-z_][A-Za-z0-9_]*)["']?\s*:\s+)(\S.*)$/.exec(line);
  if (assignment && isSecretName(assignment[2]!) && !/^[[{&*|>]/.test(assignment[3]!)) {
    return assignment[1]! + '*'.repeat(assignment[3]!.length);
  }
  const inFlow = line.replaceAll(
    /\b([A-Za-z_][A-Za-z0-9_]*)(["']?\s{0,20}:\s{1,20})([^\s,{}[\]]+)/g,
    (whole, name: string, colon: string, value: string) =>
      isSecretName(name) ? name + colon + '*'.repeat(value.length) : whole,
  );
  return maskCredentials(inFlow, true);
};

// What a terminal obeys, and what turns a text around.
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const showable = (text: string): string => text.replaceAll(OBEYED, escapeCharacter);

const plain: Paint = (_role, text) => text;
