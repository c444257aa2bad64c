// The shape of a stack file: which keys, and which kind of value each. What does not fit is reported and cut out,
// so that the rules can judge all the rest in the same run.
import type { z } from 'zod';
import type { Problem } from '../model/problem.ts';
import type { Path, Places } from './places.ts';
import { type WrittenStack, writtenStack } from './schema/written-stack.ts';
import { type Issue, toProblems } from './shape-problems.ts';

export type CheckedShape = {
  /** What is left of the file once everything of a wrong shape is cut out; null where nothing is. */
  readonly written: WrittenStack | null;
  readonly problems: readonly Problem[];
  /** What was cut out: a rule that wonders about an absence there keeps silent. */
  readonly cut: readonly Path[];
};

export const checkShape = (file: string, value: unknown, places: Places): CheckedShape => {
  const first = check(value);
  if ('written' in first) return { written: first.written, problems: [], cut: [] };
  const problems = first.issues.flatMap((issue) => toProblems(issue, value, { file, places }));
  const cut: Path[] = [];
  let rest = value;
  let { issues } = first;
  for (let round = 0; round < MOST_ROUNDS && issues.every(isWithinFile); round += 1) {
    for (const edit of issues.flatMap((issue) => editsFor(issue, round === 0))) {
      cut.push(edit.path);
      rest = applyEdit(rest, edit.path, edit.standIn);
    }
    const next = check(rest);
    if ('written' in next) return { written: next.written, problems, cut };
    issues = next.issues;
  }
  return { written: null, problems, cut };
};

/** Whether something at the path, around it or below it was cut out. */
export const isCut = (cut: readonly Path[], path: Path): boolean =>
  cut.some((gone) => {
    const shared = Math.min(gone.length, path.length);
    return gone.slice(0, shared).every((part, index) => part === path[index]);
  });

// A cut can leave a map incomplete, which then goes in the next round; a file is not nested deeper than this.
const MOST_ROUNDS = 8;

// These can not be absent from what is around them, so something harmless takes their place.
const STAND_INS: Readonly<Record<string, string>> = { name: 'stack', run: 'true', phase: 'manual' };

type Edit = { readonly path: Path; readonly standIn: string | undefined };

const check = (
  value: unknown,
): { readonly written: WrittenStack } | { readonly issues: readonly Issue[] } => {
  const result = writtenStack.safeParse(value);
  return result.success
    ? { written: result.data }
    : { issues: result.error.issues.flatMap((issue) => sharpen(issue, [])) };
};

// Of a union, the form that was probably meant is the one whose outermost kind fits.
const sharpen = (issue: z.core.$ZodIssue, prefix: Path): readonly Issue[] => {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const plain: Issue = { path, keys, message: issue.message };
  if (issue.code !== 'invalid_union') return [plain];
  for (const branch of issue.errors) {
    const isOtherKind = branch.some(
      (nested) => nested.path.length === 0 && /^invalid_(type|value|union)$/.test(nested.code),
    );
    if (branch.length > 0 && !isOtherKind) return branch.flatMap((nested) => sharpen(nested, path));
    const inner = branch.flatMap((nested) => sharpen(nested, path));
    if (inner.some((nested) => nested.path.length > path.length || nested.keys.length > 0)) return inner;
  }
  return [plain];
};

const isWithinFile = (issue: Issue): boolean => issue.path.length > 0 || issue.keys.length > 0;

// A key of an item goes by itself, at first; a list loses no item but goes as a whole: else the other items would no
// longer be where their path says.
const editsFor = (issue: Issue, isFirst: boolean): readonly Edit[] => {
  if (issue.keys.length > 0)
    return issue.keys.map((key) => ({ path: [...issue.path, key], standIn: undefined }));
  const last = issue.path.at(-1);
  const item = issue.path.findIndex((part) => typeof part === 'number');
  if (item >= 0 && !(isFirst && typeof last === 'string')) {
    return [{ path: issue.path.slice(0, item), standIn: undefined }];
  }
  return [{ path: issue.path, standIn: typeof last === 'string' ? STAND_INS[last] : undefined }];
};

const applyEdit = (value: unknown, path: Path, standIn: string | undefined): unknown => {
  const [head, ...tail] = path;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === head ? applyEdit(item, tail, standIn) : item));
  }
  if (typeof head !== 'string' || typeof value !== 'object' || value === null) return value;
  const { [head]: inner, ...others } = value as Readonly<Record<string, unknown>>;
  if (tail.length > 0)
    return inner === undefined ? others : { ...others, [head]: applyEdit(inner, tail, standIn) };
  return standIn === undefined ? others : { ...others, [head]: standIn };
};
