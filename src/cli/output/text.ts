// Text as data: spans with a style, so that it can be measured and cut before any escape sequence is in it.
import type { Paint, Style } from './paint.ts';

export type Span = { readonly text: string; readonly style?: Style };

/** One line, without its line end. */
export type Line = readonly Span[];

export const span = (text: string, style?: Style): Span =>
  style === undefined ? { text: plain(text) } : { text: plain(text), style };

/** Control characters as escapes, so that no program's output or name moves the reader's cursor or turns what is read. */
export const plain = (text: string): string =>
  CONTROL.test(text) ? text.replaceAll(CONTROLS, escapeControl) : text;

// C0, DEL, C1, and the marks that set the direction of text (https://www.unicode.org/reports/tr9/).
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
const CONTROLS = new RegExp(CONTROL, 'g');

const escapeControl = (character: string): string => {
  const code = character.codePointAt(0)!;
  if (character === '\t') return '  ';
  return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, '0')}`;
};

/** One JSON value on one line. What JSON leaves as it is and a terminal obeys is escaped too. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, unicodeEscape);

const unicodeEscape = (character: string): string =>
  `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;

/** Columns that the text takes on a terminal: wide characters and emoji two, combining marks none. */
export const widthOf = (text: string): number => {
  if (SINGLE.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes().segment(text)) width += graphemeWidth(segment);
  return width;
};

export const lineWidth = (of: Line): number => of.reduce((sum, { text }) => sum + widthOf(text), 0);

/** The line in at most `width` columns; what is cut off is replaced by an ellipsis. */
export const truncate = (of: Line, width: number): Line => {
  if (lineWidth(of) <= width) return of;
  if (width <= 0) return [];
  const kept: Span[] = [];
  let left = width - 1;
  for (const part of of) {
    const text = cut(part.text, left);
    kept.push({ ...part, text });
    left -= widthOf(text);
    if (text !== part.text) break;
  }
  return [...kept, { text: '…', style: 'dim' }];
};

export const padEnd = (of: Line, width: number): Line => {
  const missing = width - lineWidth(of);
  return missing > 0 ? [...of, { text: ' '.repeat(missing) }] : of;
};

export const padStart = (of: Line, width: number): Line => {
  const missing = width - lineWidth(of);
  return missing > 0 ? [{ text: ' '.repeat(missing) }, ...of] : of;
};

/** Breaks at spaces so that no line is wider than `width`, except for words that are. */
export const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let current = '';
  for (const word of plain(text).split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && widthOf(longer) > width) {
      lines.push(current);
      current = word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
};

export const paintLine = (of: Line, paint: Paint): string =>
  of
    .map(({ text, style }) => (style === undefined ? text : paint(style, text)))
    .join('')
    .trimEnd();

export const paintLines = (lines: readonly Line[], paint: Paint): string =>
  lines.map((of) => `${paintLine(of, paint)}\n`).join('');

const cut = (text: string, width: number): string => {
  if (SINGLE.test(text)) return text.slice(0, width);
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes().segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
};

// One code unit, one column: ASCII, Latin letters and the signs of symbols.ts. An Intl.Segmenter takes 10 ms to make.
const SINGLE =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u024f\u2013\u2014\u2018-\u201d\u2026\u2190-\u21a9\u2500-\u259f\u25cb\u25cf\u25d0\u2713\u2717\u2800-\u28ff]*$/;

let segmenter: Intl.Segmenter | null = null;
const graphemes = (): Intl.Segmenter => (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' }));

// The ranges of East Asian Wide and Fullwidth that people meet (https://www.unicode.org/reports/tr11/).
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

const graphemeWidth = (grapheme: string): number => {
  if (/^[\p{Mark}\u200b-\u200f\ufeff]+$/u.test(grapheme)) return 0;
  return WIDE.test(grapheme) || /^\p{Emoji_Presentation}|\ufe0f/u.test(grapheme) ? 2 : 1;
};
