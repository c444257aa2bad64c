// The parser's errors in our own words, at the place where a person has to look.
import { type Document, isCollection, isScalar, visit, type YAMLError } from 'yaml';
import { quote } from './quote.ts';

export type SyntaxFault = { readonly offset: number; readonly message: string; readonly fix?: string };

export const explainSyntaxError = (error: YAMLError, text: string, document: Document): SyntaxFault => {
  const offset = error.pos[0];
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return fault(offset, 'a tab indents this line, spaces are required', 'replace the tab with two spaces');
    case 'MULTIPLE_DOCS':
      return fault(offset, 'a second document begins here, one is required', 'remove "---" and what follows');
    case 'BLOCK_AS_IMPLICIT_KEY':
      return fault(
        Math.max(text.indexOf(': ', offset), offset),
        'a second ": " stands on one line, one key with its value is required',
        'put the value in quotes, or the inner key on a line of its own',
      );
    case 'BAD_SCALAR_START':
      return fault(
        offset,
        `a value begins with ${quote(text[offset] ?? '')}, which YAML keeps for itself`,
        'put the value in quotes',
      );
    case 'BAD_DQ_ESCAPE':
      return fault(
        offset,
        `"\\${text.charAt(offset + 1)}" means nothing within double quotes`,
        'use single quotes, or write the backslash twice',
      );
    case 'BAD_INDENT':
    case 'MISSING_CHAR':
      return explainShape(error, text, document);
    case 'RESOURCE_EXHAUSTION':
      return fault(offset, 'lists or maps are nested too deep');
    default:
      return fault(offset, parserWords(error));
  }
};

const explainShape = (error: YAMLError, text: string, document: Document): SyntaxFault => {
  const at = error.pos[0];
  if (/Missing closing .quote/.test(error.message)) {
    return fault(openerBefore(document, at), 'the quote that opens here is never closed', 'close the quote');
  }
  if (/^Flow (map|sequence)/.test(error.message)) {
    const opener = openerBefore(document, at);
    const closing = text[opener] === '[' ? ']' : '}';
    return fault(
      opener,
      `the ${quote(text[opener] ?? '')} that opens here is never closed`,
      `add ${quote(closing)}`,
    );
  }
  const line = /^[ \t]*/.exec(text.slice(at))![0].length + at;
  if (error.code === 'BAD_INDENT') {
    return fault(
      line,
      'this line is indented neither like its neighbours nor below one of them',
      'align it with the key it belongs beside, or indent it two spaces below the key it belongs to',
    );
  }
  const word = /^\S*/.exec(text.slice(line))![0];
  return /Implicit map keys/.test(error.message)
    ? fault(
        line,
        `${quote(word)} stands alone, a key with ":" and a value is required`,
        'add ":" and a space',
      )
    : fault(at, parserWords(error));
};

// The innermost quote or bracket around the place where the parser gave up.
const openerBefore = (document: Document, offset: number): number => {
  let opener = offset;
  visit(document, {
    Node: (_key, node) => {
      const isQuoted = isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
      const opensHere = isQuoted || (isCollection(node) && node.flow);
      if (opensHere && node.range && node.range[0] < offset && node.range[2] >= offset)
        opener = node.range[0];
    },
  });
  return opener;
};

const fault = (offset: number, what: string, fix?: string): SyntaxFault => ({
  offset,
  message: `Cannot read the file as YAML: ${what}`,
  ...(fix !== undefined && { fix }),
});

// Up to where it would quote the file.
const parserWords = ({ message }: YAMLError): string => {
  const words = message.split(/[:\n]/)[0]!.replace(/[.\s]+$/, '');
  return words.charAt(0).toLowerCase() + words.slice(1);
};
