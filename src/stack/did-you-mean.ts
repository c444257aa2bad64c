/**
 * The candidate that was probably meant: the nearest by edits (a swap of neighbours is one), where it
 * is near enough; null where nothing is. Case and the difference between `-` and `_` do not count.
 */
export const didYouMean = (written: string, candidates: readonly string[]): string | null => {
  const from = normalise(written);
  if (from.length > 64) return null;
  let best: { readonly candidate: string; readonly distance: number } | null = null;
  for (const candidate of candidates) {
    const to = normalise(candidate);
    const distance = editDistance(from, to);
    const allowed = Math.max(1, Math.floor(Math.max(from.length, to.length) / 3));
    if (distance <= allowed && distance < to.length && (best === null || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate ?? null;
};

const normalise = (text: string): string => text.toLowerCase().replaceAll(/[-_ ]/g, '');

// Optimal string alignment distance; three rows are enough.
const editDistance = (from: string, to: string): number => {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + cost);
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && isSwap) least = Math.min(least, before[column - 2]! + 1);
      current.push(least);
    }
    before = above;
    above = current;
  }
  return above[to.length]!;
};
