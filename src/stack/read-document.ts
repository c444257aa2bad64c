// YAML text in; plain values, and where each is written, out. Takes only what a stack file needs of YAML: one document
// of maps, lists and scalars. What could surprise (merge keys, tags, directives) or explode (aliases) is a problem.
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Problem } from '../model/problem.ts';
import { makePlaces, placeAt, type Places } from './places.ts';
import { escapeCharacter } from './quote.ts';
import { readNodes, type Report } from './read-nodes.ts';
import { explainSyntaxError } from './yaml-syntax.ts';

const MOST_BYTES = 1_000_000;
const MOST_SYNTAX_PROBLEMS = 10;
// The parser's time grows with the square of them.
const MOST_OPEN_BRACKETS = 1000;

export type ReadDocument = {
  /** undefined where the text can not be read at all. */
  readonly value: unknown;
  readonly places: Places;
  readonly problems: readonly Problem[];
};

export const readDocument = (file: string, text: string): ReadDocument => {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const report: Report = (offset, parts) => {
    problems.push({ ...parts, severity: 'error', file, ...placeAt(text, lines, offset) });
  };
  const unreadable = (): ReadDocument => ({
    value: undefined,
    places: makePlaces(text, lines, new Map()),
    problems,
  });

  markLines(text, lines);
  checkCharacters(text, report);
  if (problems.length > 0) return unreadable();

  // `uniqueKeys` compares every key with every other, which takes minutes for a hostile file; the walk below does not.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  reportSyntax(document, text, report);
  if (problems.length > 0) return unreadable();
  checkDirectives(document, text, report);

  const { value, entries } = readNodes(
    document.contents,
    { text, lineOf: (offset) => lines.linePos(offset).line },
    report,
  );
  return { value, places: makePlaces(text, lines, entries), problems };
};

const markLines = (text: string, lines: LineCounter): void => {
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
};

const checkCharacters = (text: string, report: Report): void => {
  if (text.length > MOST_BYTES || Buffer.byteLength(text) > MOST_BYTES) {
    const size = `${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`;
    report(0, { code: 'yaml.too-large', message: `Cannot read the file: ${size}, at most 1 MB is allowed` });
    return;
  }
  const tooDeep = findTooDeep(text);
  if (tooDeep !== null) {
    report(tooDeep, {
      code: 'yaml.too-large',
      message: `Cannot read the file: more than ${MOST_OPEN_BRACKETS} brackets are open here`,
    });
    return;
  }
  if (text.startsWith('\ufeff')) {
    report(0, {
      code: 'yaml.encoding',
      message: 'Cannot read the file: it begins with a byte order mark, plain UTF-8 is required',
      fix: 'save it as UTF-8 without BOM',
    });
    return;
  }
  // What a decoder puts where bytes are not UTF-8, then what YAML itself forbids (YAML 1.2.2, 5.1).
  const broken = text.indexOf('\ufffd');
  if (broken >= 0) {
    report(broken, {
      code: 'yaml.encoding',
      message: 'Cannot read the file: bytes that are not UTF-8 stand here, UTF-8 is required',
      fix: 'save it as UTF-8',
    });
    return;
  }
  // oxlint-disable-next-line no-control-regex -- finding them is the purpose
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/.exec(text);
  if (control) {
    const shown = escapeCharacter(control[0]);
    report(control.index, {
      code: 'yaml.encoding',
      message: `Cannot read the file: the control character ${shown} stands here, plain text is required`,
      fix: 'remove it',
    });
  }
};

const findTooDeep = (text: string): number | null => {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = Math.max(0, open + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (open > MOST_OPEN_BRACKETS) return index;
  }
  return null;
};

const reportSyntax = (document: Document, text: string, report: Report): void => {
  // One mistake makes the parser complain several times: the first of a line is the one to read.
  const seenLines = new Set<number>();
  for (const error of document.errors) {
    if (seenLines.size >= MOST_SYNTAX_PROBLEMS) return;
    const line = text.lastIndexOf('\n', error.pos[0] - 1);
    if (seenLines.has(line)) continue;
    seenLines.add(line);
    const { offset, ...parts } = explainSyntaxError(error, text, document);
    report(offset, { code: 'yaml.syntax', ...parts });
  }
};

const checkDirectives = (document: Document, text: string, report: Report): void => {
  const directives = document.directives;
  const isPlain = !directives?.yaml.explicit && Object.keys(directives?.tags ?? {}).length <= 1;
  if (isPlain && document.warnings.every((warning) => warning.code !== 'BAD_DIRECTIVE')) return;
  report(Math.max(text.search(/^%/m), 0), {
    code: 'yaml.directive',
    message: 'Cannot use a YAML directive: a stack file is plain YAML 1.2',
    fix: 'remove the line',
  });
};
