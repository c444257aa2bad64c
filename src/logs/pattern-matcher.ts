/** A text to find. `slackBefore` and `slackAfter`: neighbours that belong to a hit where they are of the base64 alphabet. */
export type Pattern = { readonly text: string; readonly slackBefore: 0 | 1; readonly slackAfter: 0 | 1 };

/** Half-open, in UTF-16 units. */
export type Span = { readonly from: number; readonly to: number };

export type Matcher = (text: string) => readonly Span[];

/** Patterns are at least this long. */
export const SHORTEST_PATTERN = 4;

/**
 * Finds every occurrence of every pattern, overlapping ones too, in one pass that mostly jumps:
 * Wu and Manber, "A fast algorithm for multi-pattern searching" (TR 94-17, University of Arizona, 1994), with blocks of two.
 */
export const compileMatcher = (patterns: readonly Pattern[]): Matcher => {
  if (patterns.length === 0) return () => [];
  const window = Math.min(...patterns.map(({ text }) => text.length));
  if (window < SHORTEST_PATTERN) throw new RangeError(`pattern of ${window} characters`);
  const jumps = new Uint8Array(BLOCKS).fill(Math.min(window - 1, 255));
  const endings = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    for (let end = 1; end < window; end += 1) {
      const block = blockAt(pattern.text, end);
      jumps[block] = Math.min(jumps[block]!, window - 1 - end);
    }
    const last = blockAt(pattern.text, window - 1);
    const same = endings.get(last);
    if (same) same.push(pattern);
    else endings.set(last, [pattern]);
  }
  return (text) => findSpans(text, window, jumps, endings);
};

/** Replaces each run of overlapping spans by one `mask`. */
export const maskSpans = (text: string, spans: readonly Span[], mask: string): string => {
  if (spans.length === 0) return text;
  const ordered = spans.toSorted((a, b) => a.from - b.from);
  const parts: string[] = [];
  let shownTo = 0;
  for (const { from, to } of ordered) {
    if (from >= shownTo) parts.push(text.slice(shownTo, from), mask);
    shownTo = Math.max(shownTo, to);
  }
  parts.push(text.slice(shownTo));
  return parts.join('');
};

const BLOCKS = 1 << 16;

// Collisions cost a shorter jump or one more comparison, never a wrong answer.
const blockAt = (text: string, end: number): number =>
  ((text.charCodeAt(end - 1) << 8) ^ (text.charCodeAt(end - 1) >> 8) ^ text.charCodeAt(end)) & (BLOCKS - 1);

const findSpans = (
  text: string,
  window: number,
  jumps: Uint8Array,
  endings: ReadonlyMap<number, readonly Pattern[]>,
): Span[] => {
  const spans: Span[] = [];
  for (let end = window - 1; end < text.length;) {
    const block = blockAt(text, end);
    const jump = jumps[block]!;
    if (jump > 0) {
      end += jump;
      continue;
    }
    const from = end - window + 1;
    for (const pattern of endings.get(block) ?? []) {
      if (text.startsWith(pattern.text, from)) spans.push(widen(text, from, pattern));
    }
    end += 1;
  }
  return spans;
};

// A base64 character that holds bits of the secret and of its neighbour belongs to the secret; so does the padding.
const widen = (text: string, from: number, pattern: Pattern): Span => {
  let to = from + pattern.text.length;
  const isBefore = pattern.slackBefore === 1 && from > 0 && isBase64(text.charCodeAt(from - 1));
  if (pattern.slackAfter === 1 && isBase64(text.charCodeAt(to))) {
    to += 1;
    while (to < text.length && text[to] === '=') to += 1;
  }
  return { from: isBefore ? from - 1 : from, to };
};

// NaN beyond the end is in no range.
const isBase64 = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  (code >= 65 && code <= 90) ||
  (code >= 97 && code <= 122) ||
  code === 43 ||
  code === 45 ||
  code === 47 ||
  code === 95;
