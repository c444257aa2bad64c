import type { Problem } from '../model/problem.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Path, Places } from './places.ts';
import { describeValue, joinWords, quote } from './quote.ts';
import { EXPECTATIONS, type Expectation, readNote } from './schema/expectations.ts';
import { translateKey } from './schema/other-names.ts';
import { describeSubject } from './subject.ts';

/** One misfit that zod found. `message` is the note of the schema there; `keys` are unknown ones. */
export type Issue = { readonly path: Path; readonly message: string; readonly keys: readonly string[] };

type Context = { readonly file: string; readonly places: Places };

export const toProblems = (issue: Issue, root: unknown, context: Context): readonly Problem[] => {
  const note = readNote(issue.message);
  if ('keys' in note)
    return issue.keys.map((key) => unknownKey(key, issue.path, { ...context, known: note.keys }));
  const value = valueAt(root, issue.path);
  const expectation = EXPECTATIONS[note.expects];
  return value === undefined
    ? [missingKey(issue.path, expectation, context)]
    : [wrongValue(issue.path, value, { ...context, expectation })];
};

const unknownKey = (
  key: string,
  path: Path,
  context: Context & { readonly known: readonly string[] },
): Problem => {
  const { file, places, known } = context;
  const meant = didYouMean(key, known) ?? translateKey(key, known);
  const message = `Cannot read ${quote(key)} in ${describeSubject(path)}: there is no such key`;
  return {
    code: 'key.unknown',
    severity: 'error',
    file,
    ...places.ofKey([...path, key]),
    ...(meant === null
      ? { message, expected: joinWords(known, 'or') }
      : { message: `${message}, did you mean ${quote(meant)}?`, fix: `write ${meant}` }),
  };
};

const missingKey = (path: Path, expectation: Expectation, { file, places }: Context): Problem => {
  const owner = path.slice(0, -1);
  const key = String(path.at(-1));
  return {
    code: 'key.missing',
    severity: 'error',
    file,
    ...places.ofKey(owner),
    message: `Cannot read ${describeSubject(owner)}: ${quote(key)} is missing, ${expectation.required} is required`,
    ...(expectation.expected !== undefined && { expected: expectation.expected }),
    fix: `add ${key}`,
  };
};

const wrongValue = (
  path: Path,
  value: unknown,
  { file, places, expectation }: Context & { readonly expectation: Expectation },
): Problem => {
  const isNeeded = path.at(-1) === 'name' || path.at(-1) === 'run';
  const fix =
    expectation.fix?.(value, places.sourceOf(path)) ??
    (value === null
      ? `give it a value${isNeeded ? '' : ', or remove the key'}`
      : guessFix(value, expectation));
  return {
    code: 'value.wrong',
    severity: 'error',
    file,
    ...places.ofValue(path),
    message: `Cannot read ${describeSubject(path)}: ${describeValue(value)}, ${expectation.required} is required`,
    ...(expectation.expected !== undefined && { expected: expectation.expected }),
    ...(fix !== undefined && { fix }),
  };
};

const guessFix = (value: unknown, { required, expected }: Expectation): string | undefined => {
  if (typeof value !== 'string') return undefined;
  const words = `${required}, ${expected ?? ''}`
    .split(/, | or /)
    .filter((word) => /^[A-Za-z][\w-]*$/.test(word));
  const meant = didYouMean(value, words);
  return meant === null ? undefined : `write ${meant}`;
};

const valueAt = (root: unknown, path: Path): unknown => {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
};
