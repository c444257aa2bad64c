import { type Pattern, SHORTEST_PATTERN } from './pattern-matcher.ts';

/**
 * Every text that gives a secret away: itself, its longer lines, a URL's password, and each of them as base64
 * (whole, or inside something longer), percent-encoded and escaped for JSON. Empty where the value is too short to be told from text.
 */
export const secretForms = (value: string): readonly Pattern[] => {
  const forms = new Map<string, Pattern>();
  const add = (text: string, slackBefore: 0 | 1 = 0, slackAfter: 0 | 1 = 0): void => {
    if (text.length >= SHORTEST_PATTERN && !forms.has(text))
      forms.set(text, { text, slackBefore, slackAfter });
  };
  for (const secret of secretParts(value)) {
    add(secret);
    for (const form of [...percentForms(secret), ...jsonForms(secret)]) add(form);
    for (const { text, slackBefore, slackAfter } of base64Forms(secret)) add(text, slackBefore, slackAfter);
  }
  return [...forms.values()];
};

// Shorter lines of a multi-line secret are words like any other.
const SHORTEST_LINE = 12;
const ARMOUR = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;

const secretParts = (value: string): readonly string[] => {
  const whole = value.trim();
  if (whole.length < SHORTEST_PATTERN) return [];
  const lines = whole.includes('\n') ? whole.split('\n').map((line) => line.trim()) : [];
  const longLines = lines.filter((line) => line.length >= SHORTEST_LINE && !ARMOUR.test(line));
  return [...new Set([whole, ...longLines, ...urlPasswords(whole)])].filter(
    (part) => part.length >= SHORTEST_PATTERN,
  );
};

// A program given postgres://app:pw@db/app logs its password alone, as it was written or decoded.
const urlPasswords = (value: string): string[] => {
  const written = /^[a-z][a-z0-9+.-]{0,40}:\/\/[^\s/?#:@]*:([^\s/?#]*)@/i.exec(value)?.[1];
  if (!written) return [];
  return [written, decodePercent(written)];
};

const decodePercent = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const percentForms = (secret: string): string[] => {
  const component = encodeURIComponent(secret.toWellFormed());
  // RFC 3986 reserves what encodeURIComponent leaves alone.
  const strict = component.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const userinfo = new URL('http://host');
  userinfo.password = secret;
  const upper = [component, strict, form, userinfo.password, encodeURI(secret.toWellFormed())];
  return upper.flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
};

// As JSON.stringify writes it, with escaped slashes (PHP), with \uXXXX beyond ASCII (Python), with \u003c (Go);
// and a JSON text inside a JSON text.
const jsonForms = (secret: string): string[] => {
  const plain = JSON.stringify(secret).slice(1, -1);
  const once = [
    plain,
    plain.replaceAll('/', '\\/'),
    plain.replace(/[\u0080-\uffff]/g, escapeUnit),
    plain.replace(/[<>&]/g, escapeUnit),
  ];
  return once.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
};

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

// Shorter runs of base64 turn up by themselves: six characters are 36 bits.
const SHORTEST_BASE64 = 6;

/**
 * The whole value encoded, and the characters of a longer text's encoding that hold bits of the value alone, for the
 * three places in a group of three bytes where it can begin (RFC 4648, section 4).
 */
const base64Forms = (secret: string): Pattern[] => {
  const bytes = Buffer.from(secret);
  const texts: Pattern[] = [];
  const add = (text: string, slackBefore: 0 | 1, slackAfter: 0 | 1): void => {
    if (text.length < SHORTEST_BASE64) return;
    for (const form of new Set([text, text.replaceAll('+', '-').replaceAll('/', '_')])) {
      texts.push({ text: form, slackBefore, slackAfter });
    }
  };
  const whole = bytes.toString('base64');
  add(whole, 0, 0);
  add(whole.replace(/=+$/, ''), 0, 0);
  for (const lead of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(lead), bytes]).toString('base64');
    const from = Math.ceil((lead * 8) / 6);
    const to = Math.floor(((lead + bytes.length) * 8) / 6);
    add(encoded.slice(from, to), lead === 0 ? 0 : 1, (lead + bytes.length) % 3 === 0 ? 0 : 1);
  }
  return texts;
};
