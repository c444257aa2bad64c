// A command line without a shell: words and quotes as in POSIX sh (XCU 2.2), variables as in expand-command, and
// nothing else. What only a shell could do is a fault, for a person who wrote it counted on it.

/** `token` is what was found there; `offset` counts characters of the line from 0. */
export type CommandFault = {
  readonly fault: 'unclosed' | 'shell-syntax' | 'bad-variable' | 'assignment' | 'builtin' | 'empty';
  readonly offset: number;
  readonly token: string;
};

export type SplitCommand = { readonly words: readonly string[]; readonly faults: readonly CommandFault[] };

const OPERATOR = /&&|\|\||>>|<<|[|&;<>()`*\n]/y;
const VARIABLE = /\$(?:\$|[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})/y;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
const BUILTINS = new Set([
  'alias', 'cd', 'eval', 'exec', 'exit', 'export', 'set', 'shift', 'source', 'trap', 'ulimit', 'umask', 'unset', '.',
]); // prettier-ignore

/**
 * Splits one line into a program and its arguments. `'…'` and `"…"` hold a word together; a dollar that
 * quoting made literal comes out as `$$`, so that expansion leaves it alone. All faults at once.
 */
export const splitCommand = (text: string): SplitCommand => {
  const line = text.trimEnd();
  const words: string[] = [];
  const faults: CommandFault[] = [];
  let word: string | null = null;
  let at = line.length - line.trimStart().length;
  let firstWordAt = at;
  const endWord = (): void => {
    if (word !== null) words.push(word);
    word = null;
  };
  while (at < line.length) {
    const character = line[at]!;
    if (character === ' ' || character === '\t' || character === '\r') {
      endWord();
      at += 1;
      continue;
    }
    if (word === null && words.length === 0) firstWordAt = at;
    const piece = readPiece(line, at, word === null);
    if ('fault' in piece) {
      faults.push(piece.fault);
      if (piece.fault.token === '\n') endWord();
    }
    word = (word ?? '') + piece.text;
    at = piece.end;
  }
  endWord();
  return { words, faults: [...judgeProgram(words[0], firstWordAt), ...faults] };
};

/** A `$` that starts neither a variable nor `$$`, in a text that expand-command will read. */
export const findBadVariables = (text: string): readonly CommandFault[] => {
  const faults: CommandFault[] = [];
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', at)) {
    const piece = readVariable(text, at);
    if ('fault' in piece) faults.push(piece.fault);
    at = piece.end;
  }
  return faults;
};

type Piece = { readonly text: string; readonly end: number; readonly fault?: CommandFault };

const readPiece = (line: string, at: number, isWordStart: boolean): Piece => {
  const character = line[at]!;
  if (character === "'") return readSingleQuoted(line, at);
  if (character === '"') return readDoubleQuoted(line, at);
  if (character === '$') return readVariable(line, at);
  if (character === '\\') return readEscape(line, at);
  const operator = matchAt(OPERATOR, line, at);
  if (operator !== null) {
    return {
      text: operator,
      end: at + operator.length,
      fault: { fault: 'shell-syntax', offset: at, token: operator },
    };
  }
  if (isWordStart && (character === '~' || character === '#')) {
    return { text: character, end: at + 1, fault: { fault: 'shell-syntax', offset: at, token: character } };
  }
  return { text: character, end: at + 1 };
};

const readSingleQuoted = (line: string, at: number): Piece => {
  const end = line.indexOf("'", at + 1);
  if (end < 0) return unclosed(line, at, "'");
  return { text: line.slice(at + 1, end).replaceAll('$', '$$$$'), end: end + 1 };
};

const readDoubleQuoted = (line: string, start: number): Piece => {
  let text = '';
  let fault: CommandFault | undefined;
  for (let at = start + 1; at < line.length;) {
    const character = line[at]!;
    if (character === '"') return { text, end: at + 1, ...(fault && { fault }) };
    if (character === '\\' && '"\\$`'.includes(line[at + 1] ?? ' ')) {
      const piece = readEscape(line, at);
      text += piece.text;
      at = piece.end;
    } else if (character === '$') {
      const piece = readVariable(line, at);
      fault ??= piece.fault;
      text += piece.text;
      at = piece.end;
    } else {
      if (character === '`') fault ??= { fault: 'shell-syntax', offset: at, token: '`' };
      text += character;
      at += 1;
    }
  }
  return unclosed(line, start, '"');
};

const readEscape = (line: string, at: number): Piece => {
  const next = line[at + 1];
  if (next === undefined) return unclosed(line, at, '\\');
  if (next === '\n') return { text: '', end: at + 2 };
  return { text: next === '$' ? '$$' : next, end: at + 2 };
};

const readVariable = (line: string, at: number): Piece => {
  const variable = matchAt(VARIABLE, line, at);
  if (variable !== null) return { text: variable, end: at + variable.length };
  const token = /^\$(?:\([^)]*\)?|\{[^}]*\}?|.?)/su.exec(line.slice(at))![0];
  const isLone = /^\$[\s"']?$/.test(token);
  return isLone
    ? { text: '$$', end: at + 1, fault: { fault: 'bad-variable', offset: at, token: '$' } }
    : { text: token, end: at + token.length, fault: { fault: 'bad-variable', offset: at, token } };
};

const unclosed = (line: string, at: number, token: string): Piece => ({
  text: line.slice(at + 1),
  end: line.length,
  fault: { fault: 'unclosed', offset: at, token },
});

const judgeProgram = (program: string | undefined, offset: number): readonly CommandFault[] => {
  if (program === undefined || program === '') return [{ fault: 'empty', offset, token: '' }];
  const assignment = ASSIGNMENT.exec(program)?.[0];
  if (assignment !== undefined) return [{ fault: 'assignment', offset, token: assignment.slice(0, -1) }];
  return BUILTINS.has(program) ? [{ fault: 'builtin', offset, token: program }] : [];
};

const matchAt = (pattern: RegExp, text: string, at: number): string | null => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
};
