import type { Name } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import type { Release, Revision } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';

/** Per service: of its definition, the revision and its variables. Equal ones run the same. */
export type ServiceFingerprints = Readonly<Record<Name, string>>;

/** The variables of a stack, as its env files have them now. */
export type Environment = {
  /** Of all variables: equal fingerprints are equal environments. */
  readonly fingerprint: string;
  /** Missing required variables, unreadable files, syntax. */
  readonly problems: readonly Problem[];
  readonly serviceFingerprints: (revision: Revision) => ServiceFingerprints;
};

export interface Environments {
  /** `file`: the stack file's path, for problems. Refusal `command.unset-variable`. */
  assemble(stack: Stack, file: string): Promise<Environment>;
  /** Of a release that is on disk, from the variables it was placed with. Failure `release.not-placed`. */
  ofRelease(release: Release): ServiceFingerprints;
}
