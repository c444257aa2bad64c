import type { Name } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { DesiredInstance } from './store.ts';
import type { RunSpec } from './driver.ts';
import type { Job, Service } from '../model/stack.ts';

/** Releases on disk: tree, environment, links into the shared folder, build cache. */
export interface ReleaseDisk {
  /**
   * Fills the release's folder: tree from the source, `env.json` (mode 0600) from the env files, links for `shared`,
   * copies for `cache`. Idempotent: a half-made folder is made again. Failure `env.moved` where the env files no longer
   * give the release's fingerprint; whatever the source throws.
   */
  place(release: Release, signal?: AbortSignal): Promise<void>;
  /** Keeps what the build left in the `cache` folders for the next release. */
  saveCache(release: Release): Promise<void>;
  remove(stack: Name, release: number): Promise<void>;
  /** Everything of a stack: releases, shared folders, logs, run records. */
  removeStack(stack: Name): Promise<void>;
  /** What a driver needs to run this instance, and the definition it comes from. */
  describeInstance(
    release: Release,
    instance: DesiredInstance,
  ): { readonly spec: RunSpec; readonly service: Service };
  /** The same for a job of a change; its run id is `job-<change>-<job>`. */
  describeJob(release: Release, change: number, job: Job): RunSpec;
}
