// What a person wrote, fit to be shown again: one line, short, without anything a terminal obeys, without a password.

const LONGEST = 60;

// What `JSON.stringify` leaves as it is though it moves the cursor, breaks the line or turns the text around.
const UNSEEN = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text in double quotes. */
export const quote = (text: string): string => {
  const shown = maskCredentials(text);
  const short = shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown;
  return JSON.stringify(short.toWellFormed()).replaceAll(UNSEEN, escapeCharacter);
};

/** A value of any kind in a few words: `"abc"`, `10`, `a list`, `nothing`. */
export const describeValue = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quote(value) : `${value as number | boolean}`;
};

/** `a, b and c`. */
export const joinWords = (words: readonly string[], last = 'and'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

const PASSWORD = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/]{0,200}:)([^\s@/]{1,200})(?=@)/gi;

/** Replaces the password in every URL of a text, by a mask of the same length where `keepLength` is set. */
export const maskCredentials = (text: string, keepLength = false): string =>
  text.replaceAll(
    PASSWORD,
    (_whole, before: string, password: string) => before + '*'.repeat(keepLength ? password.length : 3),
  );

export const hasUrlPassword = (text: string): boolean => text.search(PASSWORD) >= 0;

export const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
