import { stripVTControlCharacters } from 'node:util';

const LONGEST = 200;

/** One line without control characters: what a program says of itself is shown in terminals. */
export const toOneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();

/** At most 200 characters, and no half ones. */
export const cutWords = (words: string): string =>
  words.length <= LONGEST ? words : `${words.slice(0, LONGEST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** The first line with something on it. */
export const firstLine = (text: string): string => linesOf(text)[0] ?? '';

/** The last line with something on it. */
export const lastLine = (text: string): string => linesOf(text).at(-1) ?? '';

const linesOf = (text: string): readonly string[] =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
