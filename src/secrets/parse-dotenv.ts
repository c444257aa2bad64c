// Text of an env file in, variables out. Pure: no disk, and nothing is expanded, so that what is written is what a
// program gets.

export type DotenvComplaint = {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** What is wrong; never a value. */
  readonly message: string;
  readonly expected: string;
};

export type Dotenv = {
  readonly values: Readonly<Record<string, string>>;
  /** All of them, in the order of the file. Lines without one are in `values`. */
  readonly complaints: readonly DotenvComplaint[];
};

/**
 * `NAME=value`, also after `export `. Unquoted values end at the line or at a `#` after a space. Single quotes: as it
 * is; double quotes: `\n`, `\r`, `\t`, `\"`, `\\` and `\$`; both may go over several lines. Of a name that comes twice
 * the last value counts. Line ends may be CRLF; a byte order mark is skipped.
 */
export const parseDotenv = (text: string): Dotenv => {
  const reader = makeReader(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'));
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const complaints: DotenvComplaint[] = [];
  while (!reader.isAtEnd()) {
    const entry = readLine(reader);
    if (entry === null) continue;
    if ('message' in entry) complaints.push(entry);
    else values[entry.name] = entry.value;
  }
  return { values: { ...values }, complaints };
};

type Reader = {
  readonly isAtEnd: () => boolean;
  /** Takes what matches here, null and nothing where it does not. Patterns are sticky. */
  readonly take: (pattern: RegExp) => string | null;
  /** A complaint at this position, or at one remembered with `mark`. */
  readonly complain: (message: string, expected: string, at?: number) => DotenvComplaint;
  readonly mark: () => number;
};

const makeReader = (text: string): Reader => {
  let at = 0;
  return {
    isAtEnd: () => at >= text.length,
    take: (pattern) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0] ?? null;
      if (found !== null) at += found.length;
      return found;
    },
    mark: () => at,
    complain: (message, expected, from = at) => {
      const before = text.slice(0, from);
      const line = before.split('\n').length;
      return { line, column: from - before.lastIndexOf('\n'), message, expected };
    },
  };
};

const BLANKS = /[^\S\n]*/y;
const COMMENT = /#[^\n]*/y;
const LINE_END = /\n|$/y;
const REST = /[^\n]*\n?/y;
const EXPORT = /export[^\S\n]+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_.-]*/y;
const EQUALS = /[^\S\n]*=/y;
const BARE = /[^\n]*/y;
const SINGLE = /'[^']*'/y;
const DOUBLE = /"(?:[^"\\]|\\[^])*"/y;
const ANY_QUOTE = /["'`]/y;

type Entry = { readonly name: string; readonly value: string };

// One line, or more where a quoted value goes on. Null for one that says nothing.
const readLine = (reader: Reader): Entry | DotenvComplaint | null => {
  reader.take(BLANKS);
  reader.take(COMMENT);
  if (reader.take(LINE_END) !== null) return null;
  const entry = readEntry(reader);
  if ('message' in entry) {
    reader.take(REST);
    return entry;
  }
  reader.take(LINE_END);
  return entry;
};

const readEntry = (reader: Reader): Entry | DotenvComplaint => {
  reader.take(EXPORT);
  const name = reader.take(NAME);
  if (name === null)
    return reader.complain('no name of a variable begins here', 'NAME=value, or # before a comment');
  if (reader.take(EQUALS) === null) return reader.complain(`no "=" after "${shorten(name)}"`, 'NAME=value');
  const from = reader.mark();
  const value = readValue(reader);
  if (typeof value !== 'string') return value;
  // The kernel ends a variable at the first NUL (environ(7)).
  if (value.includes('\0')) return reader.complain(`the value of "${shorten(name)}" has a NUL`, 'text', from);
  return { name, value };
};

const readValue = (reader: Reader): string | DotenvComplaint => {
  const blanks = reader.take(BLANKS)!;
  const from = reader.mark();
  const quoted = reader.take(SINGLE) ?? reader.take(DOUBLE);
  if (quoted === null) {
    const quote = reader.take(ANY_QUOTE);
    if (quote === '`') return reader.complain('a value in backticks', 'single or double quotes', from);
    if (quote !== null)
      return reader.complain(`the quote ${quote} is not closed`, 'the same quote at its end', from);
    return cutComment(blanks + reader.take(BARE)!);
  }
  reader.take(BLANKS);
  reader.take(COMMENT);
  if (reader.take(/(?=\n|$)/y) === null)
    return reader.complain('text after the closing quote', 'the end of the line or a comment');
  const inner = quoted.slice(1, -1);
  return quoted.startsWith("'") ? inner : unescape(inner);
};

// "KEY=#1" has a value, "KEY=a #b" and "KEY= # b" have a comment.
const cutComment = (bare: string): string => bare.replace(/\s#[^]*$/, '').trim();

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

const unescape = (text: string): string =>
  text.replace(/\\([^])/g, (whole, character: string) => ESCAPES[character] ?? whole);

// A line that is no assignment may be a secret that was pasted alone: little of it is shown.
const shorten = (name: string): string => (name.length > 16 ? `${name.slice(0, 4)}…` : name);
