// What a program prints may be meant for a terminal, or against one.

// ECMA-48, 5.4 and 5.6: control strings with what is in them (titles, links), control sequences (colours, cursor), other escapes.
// No alternative crosses an ESC, so that a hostile line costs one pass.
const SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[PX^_][^\u001b]*\u001b\\|\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|[0-~])/g;

// C0 but tab and line end, DEL, C1; line and paragraph separators; what turns the direction of text, and invisible marks.
const CONTROLS =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
// oxlint-disable-next-line no-control-regex
const ASCII_CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** Of ASCII text. */
export const hasControls = (text: string): boolean => ASCII_CONTROLS.test(text);

export const stripSequences = (text: string): string =>
  text.includes('\u001b') ? text.replace(SEQUENCES, '') : text;

export const escapeControls = (text: string): string => text.replace(CONTROLS, escapeControl);

/** Escapes, and cuts to `limit` bytes. `hiddenBytes`: of the line, that are not in `text` to begin with. */
export const cutText = (text: string, limit: number, hiddenBytes: number): string => {
  let shown = '';
  let shownBytes = 0;
  let usedBytes = 0;
  for (const character of text) {
    const escaped = escapeControls(character);
    const bytes = Buffer.byteLength(escaped);
    if (shownBytes + bytes > limit) break;
    shown += escaped;
    shownBytes += bytes;
    usedBytes += Buffer.byteLength(character);
  }
  const leftOut = hiddenBytes + Buffer.byteLength(text) - usedBytes;
  return leftOut === 0 ? shown : `${shown} [${leftOut.toLocaleString('en')} bytes left out]`;
};

const escapeControl = (character: string): string => {
  if (character === '\r') return '\\r';
  const hex = character.charCodeAt(0).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
};
