import type { Revision } from '../model/release.ts';
import type { SourceSpec } from '../model/stack.ts';

export interface Source {
  /** What the source has now. Cheap when nothing changed. Failure `source.unreachable`, Refusal `source.missing`. */
  resolve(spec: SourceSpec, signal?: AbortSignal): Promise<Revision>;
  /**
   * Fills the empty folder `into` with exactly that revision. Links that lead out of the tree and devices are refused
   * (`source.unsafe`). A folder that changed since `resolve` is a Failure `source.moved`.
   */
  place(spec: SourceSpec, revision: Revision, into: string, signal?: AbortSignal): Promise<void>;
}
