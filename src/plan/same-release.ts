import { isDeepStrictEqual } from 'node:util';
import type { Release, Revision } from '../model/release.ts';
import type { RequiredVariable, Stack } from '../model/stack.ts';

/** Whether a deploy of this would be the release again: same revision, same stack, same environment. */
export const isSameRelease = (
  release: Release,
  wanted: { readonly revision: Revision; readonly stack: Stack; readonly envFingerprint: string },
): boolean =>
  release.revision.kind === wanted.revision.kind &&
  release.revision.id === wanted.revision.id &&
  release.envFingerprint === wanted.envFingerprint &&
  isDeepStrictEqual(whatCounts(release.stack), whatCounts(wanted.stack));

// Where a variable stands in the file moves with every comment above it, and means nothing; nor does the ref by which a
// revision was found.
const whatCounts = (stack: Stack): unknown => {
  const plain = JSON.parse(JSON.stringify(stack)) as Stack;
  const unplaced = <T extends { readonly required: readonly RequiredVariable[] }>(part: T): T => ({
    ...part,
    required: part.required.map(({ name, when }) => ({ name, when })),
  });
  const source = plain.source.kind === 'git' ? { ...plain.source, ref: '' } : plain.source;
  return {
    ...unplaced(plain),
    source,
    services: plain.services.map(unplaced),
    jobs: plain.jobs.map(unplaced),
  };
};
