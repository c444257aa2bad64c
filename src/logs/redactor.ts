import type { Redactor } from '../ports/redactor.ts';
import { compileMatcher, maskSpans, type Matcher, type Pattern } from './pattern-matcher.ts';
import { secretForms } from './secret-forms.ts';

const MASK = '[secret]';

/**
 * Masks every learned value and its encodings, and the credentials in any URL. `redact` is idempotent, and answers the very
 * same string where nothing is masked. Cost: one pass, whatever the number of values; the matcher is made again after `learn`.
 */
export const createRedactor = (): Redactor => {
  const learned = new Set<string>();
  const patterns = new Map<string, Pattern>();
  let matcher: Matcher | null = null;

  const maskLearned = (text: string): string => {
    matcher ??= compileMatcher([...patterns.values()]);
    return maskSpans(text, matcher(text), MASK);
  };

  return {
    learn(values) {
      for (const value of values) {
        if (learned.has(value)) continue;
        learned.add(value);
        for (const pattern of secretForms(value)) {
          if (!patterns.has(pattern.text)) patterns.set(pattern.text, pattern);
        }
        matcher = null;
      }
    },
    redact(text) {
      const masked = patterns.size === 0 ? text : maskAround(text, maskLearned);
      return masked.includes('://') ? maskUrls(masked) : masked;
    },
  };
};

// What is masked already stays as it is, though somebody's password is "secret".
const maskAround = (text: string, mask: (text: string) => string): string =>
  text.includes(MASK) ? text.split(MASK).map(mask).join(MASK) : mask(text);

// Up to the last @ before the path. The user goes too: with some services it is the token.
// No part can match what the next one can, so that a hostile line costs one pass.
const CREDENTIALS = /:\/\/(?!:@)([^\s/?#:@"'<>]*:[^\s/?#"'<>]*|[^\s/?#:@"'<>]{16,})@/g;

const maskUrls = (text: string): string => text.replace(CREDENTIALS, `://${MASK}@`);
