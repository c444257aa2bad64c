// Where each value of a stack file is written. A path names a value: `['services', 'web', 'port']`.
import type { LineCounter } from 'yaml';

export type Path = readonly (string | number)[];

/** Lines and columns count from 1. */
export type Place = { readonly line: number; readonly column: number };

export type Entry = {
  /** Offset of the key; of the item itself in a list. */
  readonly keyAt: number;
  readonly valueAt: number;
  /** The characters of a scalar as they stand in the file, quotes included. */
  readonly source: string | null;
  /** Of a map, in the order of the file. */
  readonly keys: readonly string[];
};

export type Places = {
  /** Of the key; of the nearest thing around it where the path itself is not in the file. */
  readonly ofKey: (path: Path) => Place;
  /** Of the value; or of a character of its text, where the text stands unescaped in one line. */
  readonly ofValue: (path: Path, offset?: number) => Place;
  readonly keysOf: (path: Path) => readonly string[];
  readonly sourceOf: (path: Path) => string | null;
  readonly has: (path: Path) => boolean;
};

export const pathKey = (path: Path): string => JSON.stringify(path);

export const placeAt = (text: string, lines: LineCounter, offset: number): Place => {
  // A parser's "end of file" lies behind the last line end, where no line is.
  const { line, col } = lines.linePos(Math.min(offset, text.trimEnd().length));
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
};

export const makePlaces = (text: string, lines: LineCounter, entries: ReadonlyMap<string, Entry>): Places => {
  const nearest = (path: Path): Entry | undefined => {
    for (let length = path.length; length >= 0; length -= 1) {
      const entry = entries.get(pathKey(path.slice(0, length)));
      if (entry) return entry;
    }
    return undefined;
  };
  return {
    ofKey: (path) => placeAt(text, lines, nearest(path)?.keyAt ?? 0),
    ofValue: (path, offset) => {
      const entry = nearest(path);
      const within = entry && offset !== undefined ? inSource(entry.source, offset) : 0;
      return placeAt(text, lines, (entry?.valueAt ?? 0) + within);
    },
    keysOf: (path) => entries.get(pathKey(path))?.keys ?? [],
    sourceOf: (path) => entries.get(pathKey(path))?.source ?? null,
    has: (path) => entries.has(pathKey(path)),
  };
};

const inSource = (source: string | null, offset: number): number => {
  if (source === null || source.includes('\n') || /^[|>]/.test(source)) return 0;
  if (!/^["']/.test(source)) return offset;
  const isEscaped = source.startsWith('"') ? source.includes('\\') : source.slice(1, -1).includes("''");
  return isEscaped ? 0 : offset + 1;
};
