// The stack room: the text of a stack file in; a complete Stack, or everything that is wrong with the file, out.
// It is pure and must never know the disk: whether a path exists or a variable is set is for others to find out.
import { posix } from 'node:path';
import { hasErrors, type Problem } from '../model/problem.ts';
import type { Stack } from '../model/stack.ts';
import { checkShape } from './check-shape.ts';
import { readDocument } from './read-document.ts';
import { resolveStack } from './resolve-stack.ts';
import { applyRules } from './rules/apply-rules.ts';

export type StackFile = {
  /** Absolute; relative paths in the file count from its folder. */
  readonly path: string;
  readonly text: string;
};

export type LoadOptions = {
  /** What `~/` in a path stands for, absolute. Without it, such a path is a problem. */
  readonly homeFolder?: string;
};

export type LoadedStack = {
  /** null where any of the problems is an error. */
  readonly stack: Stack | null;
  /** All of them at once, in the order of the file; warnings too. */
  readonly problems: readonly Problem[];
};

// Beyond this nobody reads on, and a hostile file could ask for a thousand times more.
const MOST_PROBLEMS = 100;

/** Reads, checks and completes a stack file. The same file gives the same value. Never throws for what is in it. */
export const loadStack = (file: StackFile, { homeFolder }: LoadOptions = {}): LoadedStack => {
  const document = readDocument(file.path, file.text);
  const { value, places } = document;
  if (value === undefined || value === null) {
    return conclude(document.problems.length > 0 ? document.problems : [emptyFile(file.path)], null);
  }
  const shape = checkShape(file.path, value, places);
  if (shape.written === null) return conclude([...document.problems, ...shape.problems], null);

  const folders = { stack: posix.dirname(file.path), home: homeFolder ?? null };
  const stack = resolveStack(shape.written, { folders, places });
  const ruled = applyRules({
    file: file.path,
    stack,
    written: shape.written,
    places,
    folders,
    cut: shape.cut,
  });
  return conclude([...document.problems, ...shape.problems, ...ruled], stack);
};

const emptyFile = (file: string): Problem => ({
  code: 'stack.empty',
  severity: 'error',
  file,
  line: 1,
  column: 1,
  message: 'Cannot read the stack file: it is empty, a name and a service are required',
  fix: 'remove it, and let reeve init write a commented one',
});

const conclude = (problems: readonly Problem[], stack: Stack | null): LoadedStack => {
  const sorted = problems.toSorted(
    (a, b) =>
      a.line - b.line ||
      a.column - b.column ||
      a.severity.localeCompare(b.severity) ||
      a.code.localeCompare(b.code),
  );
  return { stack: hasErrors(problems) ? null : stack, problems: limit(sorted) };
};

const limit = (problems: readonly Problem[]): readonly Problem[] => {
  if (problems.length <= MOST_PROBLEMS) return problems;
  const { file, line, column } = problems[MOST_PROBLEMS]!;
  const more = problems.length - MOST_PROBLEMS;
  return [
    ...problems.slice(0, MOST_PROBLEMS),
    {
      code: 'stack.more-problems',
      severity: hasErrors(problems.slice(MOST_PROBLEMS)) ? 'error' : 'warning',
      file,
      line,
      column,
      message: `Cannot show every problem: ${more} more from here on, ${MOST_PROBLEMS} are shown`,
      fix: 'mend those above first',
    },
  ];
};
