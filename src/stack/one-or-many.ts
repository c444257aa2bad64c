import type { Path } from './places.ts';

export type Located<Item> = { readonly item: Item; readonly path: Path };

/** What may be written as one item or as a list, as items that know where they stand. */
export const itemsOf = <Item>(
  written: Item | readonly Item[] | undefined,
  path: Path,
): readonly Located<Item>[] => {
  if (written === undefined) return [];
  if (!isList(written)) return [{ item: written, path }];
  return written.map((item, index) => ({ item, path: [...path, index] }));
};

// `Array.isArray` does not narrow a readonly list.
const isList = <Item>(written: Item | readonly Item[]): written is readonly Item[] => Array.isArray(written);
