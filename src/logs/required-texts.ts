// A search that looks into every line costs ten times what it costs to see that a whole block has none of what it
// asks for. What is left out here would have been searched in vain, whatever is done to a line before it is shown.

/**
 * Texts of which every line that matches the pattern has one, before it is redacted and escaped as well as after it; null
 * where none can be told. Of ordinary patterns: groups, counted repetitions and looking around are not looked into.
 */
export const requiredTexts = (pattern: string): readonly string[] | null => {
  // Two units are one character to one kind of expression, and two to the other.
  if (/[\ud800-\udfff]/.test(pattern)) return null;
  const texts: string[] = [];
  let runs: string[] = [''];
  for (let at = 0; at <= pattern.length;) {
    if (at === pattern.length || pattern[at] === '|') {
      const text = longestOf(runs);
      if (text === null) return null;
      texts.push(text);
      runs = [''];
      at += 1;
      continue;
    }
    const part = partAt(pattern, at);
    if (!part) return null;
    at += part.length;
    const sign = /^[*+?]\??/.exec(pattern.slice(at, at + 2))?.[0] ?? '';
    at += sign.length;
    if (part.literal !== null && (sign === '' || sign.startsWith('+'))) runs.push(runs.pop() + part.literal);
    if (part.literal === null || sign !== '') runs.push('');
  }
  return texts;
};

const longestOf = (runs: readonly string[]): string | null =>
  runs.flatMap(withoutAmbiguity).toSorted((a, b) => b.length - a.length)[0] ?? null;

/** `literal`: the character it stands for; null where it stands for several, or for a place. */
type Part = { readonly length: number; readonly literal: string | null };

// Null: not understood.
const partAt = (pattern: string, at: number): Part | null => {
  const sign = pattern[at]!;
  if ('|(){}]*+?'.includes(sign)) return null;
  if ('.^$'.includes(sign)) return { length: 1, literal: null };
  if (sign === '[') {
    const found = /^\[(?:\\.|[^\]\\])*\]/s.exec(pattern.slice(at));
    return found && { length: found[0].length, literal: null };
  }
  if (sign !== '\\') return { length: 1, literal: sign };
  const escaped = pattern[at + 1] ?? '';
  if (/^[dDwWsSbB]$/.test(escaped)) return { length: 2, literal: null };
  return /^[^A-Za-z0-9]$/.test(escaped) ? { length: 2, literal: escaped } : null;
};

const MASK = '[secret]';
const SHORTEST = 2;
const ESCAPE_END = /^(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[0-9a-f]{1,4}|r)/;

/**
 * Pieces that can not come about by what happens to a line on its way: they touch no mask, and what may be the end of an
 * escape (`\x07`, `\u202e`, `\r`) is taken off their beginning.
 */
const withoutAmbiguity = (run: string): readonly string[] =>
  run
    .split(/[[\]\\\ufffd]|[\p{Cc}\p{Cf}\u2028\u2029]/u)
    .map((piece) => piece.replace(ESCAPE_END, ''))
    .filter((piece) => piece.length >= SHORTEST && !MASK.includes(piece));
