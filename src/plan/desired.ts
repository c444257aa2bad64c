// plan/ turns what is wanted and what is observed into ordered, printable steps. It promises that the same
// two values always give the same plan; it must never know a file, a clock, a process or how a step is done.
import type { InstancePlace, Name } from '../model/names.ts';
import type { Release, Revision } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';

/** Per service: the hash of its definition, revision and environment. Equal fingerprints run the same. */
export type Fingerprints = Readonly<Record<Name, string>>;

/** What a plan aims at, one variant per kind of plan. An empty list of services means all of them. */
export type Desired =
  | {
      readonly kind: 'deploy';
      readonly stack: Stack;
      readonly revision: Revision;
      readonly envFingerprint: string;
      readonly serviceFingerprints: Fingerprints;
      /** A new release and new copies though nothing changed. */
      readonly force: boolean;
    }
  | { readonly kind: 'rollback'; readonly release: Release; readonly serviceFingerprints: Fingerprints }
  | { readonly kind: 'restart' | 'start' | 'stop'; readonly services: readonly Name[] }
  | { readonly kind: 'scale'; readonly service: Name; readonly replicas: number }
  /** `isForgotten`: nobody remembers the stack any more, so nothing has to be forgotten. */
  | { readonly kind: 'down'; readonly purge: boolean; readonly isForgotten: boolean }
  /** `places`: warm copies whose time is over. */
  | { readonly kind: 'retire'; readonly places: readonly InstancePlace[] }
  | { readonly kind: 'job'; readonly job: Name };
