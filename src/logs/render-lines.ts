import type { Redactor } from '../ports/redactor.ts';
import type { Block } from './line-cutter.ts';
import { cutText, escapeControls, hasControls, stripSequences } from './clean-text.ts';

export type ShownLine = { readonly offset: number; readonly text: string };

const LINE_BYTES = 16 * 1024;
/** Longer than any secret's longest form is likely to be. */
const GUARD_BYTES = 8 * 1024;
/** What has to be kept of a line of which `LINE_BYTES` are shown. */
export const KEEP_BYTES = LINE_BYTES + 2 * GUARD_BYTES;

/**
 * Lines as people may see them: valid UTF-8, redacted, without terminal sequences, control characters escaped, 16 KiB at most
 * with a note of how many bytes were left out.
 */
export const renderBlock = (block: Block, redactor: Redactor): readonly ShownLine[] => {
  const { offset, bytes, omitted } = block;
  if (omitted > 0) return [{ offset, text: renderLine(bytes, omitted, redactor) }];
  const text = bytes.toString();
  // As many characters as bytes: every character is one byte, and characters count as offsets do.
  const isPlain = text.length === bytes.length && !hasControls(text) && redactor.redact(text) === text;
  return isPlain ? splitPlain(block, text, redactor) : splitBytes(block, redactor);
};

/** Nothing is taken out of its lines: what is done to them replaces text by text, which begins and ends where that did. */
export const isShownAsWritten = ({ bytes, omitted }: Block): boolean =>
  omitted === 0 && !bytes.includes(ESCAPE) && !hasLongLine(bytes);

const ESCAPE = 0x1b;
const LINE_END = 10;

// From line end to line end, as far as a line may reach: some thirty steps a block.
const hasLongLine = (bytes: Buffer): boolean => {
  for (let begin = 0; bytes.length - begin > LINE_BYTES;) {
    const end = bytes.lastIndexOf(LINE_END, begin + LINE_BYTES);
    if (end < begin) return true;
    begin = end + 1;
  }
  return false;
};

const splitPlain = ({ offset, bytes }: Block, text: string, redactor: Redactor): ShownLine[] => {
  const lines: ShownLine[] = [];
  for (let from = 0; from <= text.length;) {
    const found = text.indexOf('\n', from);
    const to = found === -1 ? text.length : found;
    const line =
      to - from > LINE_BYTES ? renderLine(bytes.subarray(from, to), 0, redactor) : text.slice(from, to);
    lines.push({ offset: offset + from, text: line });
    from = to + 1;
  }
  return lines;
};

const splitBytes = ({ offset, bytes }: Block, redactor: Redactor): ShownLine[] => {
  const lines: ShownLine[] = [];
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(10, from);
    const to = found === -1 ? bytes.length : found;
    lines.push({ offset: offset + from, text: renderLine(bytes.subarray(from, to), 0, redactor) });
    from = to + 1;
  }
  return lines;
};

const renderLine = (bytes: Buffer, omitted: number, redactor: Redactor): string => {
  const kept = bytes.subarray(0, KEEP_BYTES);
  const isCut = omitted > 0 || kept.length < bytes.length;
  const redacted = redactor.redact(stripSequences(kept.toString()).replace(/\r+$/, ''));
  // A secret that the end of `kept` cuts in two is not recognised: it lies in the last GUARD_BYTES, and these came
  // out at most twice as long, for a mask is at most twice as long as the shortest secret.
  const safe = isCut ? redacted.slice(0, -2 * GUARD_BYTES) : redacted;
  if (!isCut && safe.length * 3 <= LINE_BYTES) return escapeControls(safe);
  const hidden = isCut ? Math.max(1, bytes.length + omitted - Buffer.byteLength(safe)) : 0;
  return cutText(safe, LINE_BYTES, hidden);
};
