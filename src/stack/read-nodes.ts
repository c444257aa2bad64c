import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Problem } from '../model/problem.ts';
import { type Entry, type Path, pathKey } from './places.ts';
import { quote } from './quote.ts';

const MOST_VALUES = 10_000;
const MOST_ALIASES = 100;
const MOST_DEPTH = 20;

const PLAIN_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** Told of a problem at a character offset of the file. */
export type Report = (offset: number, parts: Omit<Problem, 'file' | 'line' | 'column' | 'severity'>) => void;

/**
 * A parsed document as plain values, with the place of each. Aliases are filled in, within bounds: one that leads into
 * itself, or a file that unfolds to too much, is reported and the value is undefined.
 */
export const readNodes = (
  root: Node | null,
  { text, lineOf }: { readonly text: string; readonly lineOf: (offset: number) => number },
  report: Report,
): { readonly value: unknown; readonly entries: ReadonlyMap<string, Entry> } => {
  const walk: Walk = {
    text,
    lineOf,
    report,
    entries: new Map(),
    anchors: new Map(),
    open: new Set(),
    values: 0,
    aliases: 0,
    expanding: 0,
    isStopped: false,
  };
  const value = root ? readNode(walk, root, [], root.range?.[0] ?? 0) : undefined;
  return { value: walk.isStopped ? undefined : value, entries: walk.entries };
};

type Walk = {
  readonly text: string;
  readonly lineOf: (offset: number) => number;
  readonly report: Report;
  readonly entries: Map<string, Entry>;
  readonly anchors: Map<string, Node>;
  /** The nodes around the present one, so that an alias to one of them is seen. */
  readonly open: Set<Node>;
  values: number;
  aliases: number;
  expanding: number;
  isStopped: boolean;
};

type ReadMap = { readonly value: Readonly<Record<string, unknown>>; readonly keys: readonly string[] };

const readNode = (walk: Walk, node: Node, path: Path, keyAt: number): unknown => {
  if (walk.isStopped) return undefined;
  const at = node.range?.[0] ?? keyAt;
  walk.values += 1;
  if (walk.values > MOST_VALUES) return stop(walk, at, 'it has more than 10,000 values');
  if (path.length > MOST_DEPTH) return stop(walk, at, `it is nested deeper than ${MOST_DEPTH} levels`);
  if (isAlias(node)) return readAlias(walk, node, path, keyAt);
  if (node.anchor !== undefined && walk.expanding === 0) walk.anchors.set(node.anchor, node);
  if (node.tag !== undefined && !PLAIN_TAG.test(node.tag)) {
    walk.report(at, {
      code: 'yaml.tag',
      message: `Cannot use the tag ${quote(node.tag)}: a stack file has plain values only`,
      fix: 'remove the tag',
    });
  }
  walk.open.add(node);
  const value = readContent(walk, node, path, keyAt);
  walk.open.delete(node);
  return value;
};

const readAlias = (walk: Walk, alias: Alias, path: Path, keyAt: number): unknown => {
  const at = alias.range?.[0] ?? keyAt;
  const target = walk.anchors.get(alias.source);
  walk.aliases += 1;
  if (walk.aliases > MOST_ALIASES) return stop(walk, at, `it uses more than ${MOST_ALIASES} aliases`);
  if (target === undefined || walk.open.has(target)) {
    const why =
      target === undefined ? 'no anchor of that name stands before it' : 'it lies within its own anchor';
    walk.report(at, {
      code: 'yaml.alias',
      message: `Cannot follow the alias ${quote(`*${alias.source}`)}: ${why}`,
      fix:
        target === undefined
          ? 'put text that begins with * in quotes, or define the anchor'
          : 'write the value out',
    });
    walk.isStopped = true;
    return undefined;
  }
  walk.expanding += 1;
  const value = readNode(walk, target, path, keyAt);
  walk.expanding -= 1;
  return value;
};

const readContent = (walk: Walk, node: Exclude<Node, Alias>, path: Path, keyAt: number): unknown => {
  const at = node.range?.[0] ?? keyAt;
  const isBlock = !isScalar(node) && !node.flow;
  const isEmpty = isScalar(node) && node.value === null;
  const source = isScalar(node) && node.range ? walk.text.slice(node.range[0], node.range[1]) : null;
  // A block begins on the next line, and nothing begins nowhere: their key is the place to show.
  const valueAt = isBlock || isEmpty ? keyAt : at;
  const entry: Entry = { keyAt, valueAt, source, keys: [] };
  walk.entries.set(pathKey(path), entry);
  if (isSeq(node)) {
    return (node.items as Node[]).map((item, index) =>
      readNode(walk, item, [...path, index], item.range?.[0] ?? at),
    );
  }
  if (!isMap(node)) return node.value;
  const { value, keys } = readMap(walk, node as YAMLMap<Node, Node | null>, path);
  walk.entries.set(pathKey(path), { ...entry, keys });
  return value;
};

// Keys are kept apart: JavaScript puts keys that look like numbers first, and the order of the file counts.
const readMap = (walk: Walk, map: YAMLMap<Node, Node | null>, path: Path): ReadMap => {
  const value: Record<string, unknown> = {};
  const firstAt = new Map<string, number>();
  for (const pair of map.items) {
    const at = pair.key.range?.[0] ?? map.range?.[0] ?? 0;
    const key = readKey(walk, pair, at);
    if (key === null) continue;
    const first = firstAt.get(key);
    if (first !== undefined) {
      walk.report(at, {
        code: 'key.duplicate',
        message: `Cannot read ${quote(key)} twice: line ${walk.lineOf(first)} has it already, one of each is required`,
        fix: 'remove or rename one of the two',
      });
      continue;
    }
    firstAt.set(key, at);
    value[key] = pair.value
      ? readNode(walk, pair.value, [...path, key], at)
      : readNothing(walk, [...path, key], at);
  }
  return { value, keys: [...firstAt.keys()] };
};

const readNothing = (walk: Walk, path: Path, keyAt: number): null => {
  walk.entries.set(pathKey(path), { keyAt, valueAt: keyAt, source: null, keys: [] });
  return null;
};

const readKey = (walk: Walk, pair: Pair<Node, Node | null>, at: number): string | null => {
  const { key } = pair;
  const word = isScalar(key) && key.value !== null ? (key.source ?? '') : null;
  if (word === null || word === '__proto__') {
    const shown = word === null ? 'this' : quote(word);
    walk.report(at, { code: 'yaml.key', message: `Cannot use ${shown} as a key: a plain word is required` });
    return null;
  }
  if (word === '<<') {
    walk.report(at, {
      code: 'yaml.merge',
      message: 'Cannot merge with "<<": which value wins is too easily misread',
      fix: 'write the keys out; env at the top of the file is shared by all services',
    });
    return null;
  }
  return word;
};

const stop = (walk: Walk, at: number, why: string): undefined => {
  walk.isStopped = true;
  walk.report(at, { code: 'yaml.too-large', message: `Cannot read the file: ${why}` });
};
