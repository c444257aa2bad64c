import { setImmediate } from 'node:timers/promises';

/** Called once per file: now and then it lets others run, and ends the work when it was cancelled. */
export type Pace = () => Promise<void> | undefined;

// Files are read with synchronous calls, which are several times cheaper than others; the agent has instances to
// replace within milliseconds meanwhile.
const SLICE_MS = 4;

/** Rejects, from the slice after it, with the reason of the signal. */
export const makePace = (signal?: AbortSignal): Pace => {
  let began = performance.now();
  return () => {
    if (performance.now() - began < SLICE_MS) return undefined;
    return setImmediate().then(() => {
      signal?.throwIfAborted();
      began = performance.now();
    });
  };
};
