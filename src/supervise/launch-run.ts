import { wordsOf } from '../model/error.ts';
import type { RunSpec, StartOutcome, StopRequest } from '../ports/driver.ts';
import type { RunBatch } from './run-batch.ts';

/**
 * Starts a run; where what is left of the run before is in its way, ends that first. Asked in this order because a
 * fallen program seldom leaves anything, and its replacement should not wait for the proof. Never throws.
 */
export const launchRun = async (launch: {
  readonly runs: RunBatch;
  readonly spec: RunSpec;
  readonly stop: StopRequest;
  /** Whether the start is still wanted after the wait for a stop. */
  readonly isWanted: () => boolean;
}): Promise<StartOutcome> => {
  const { runs, spec, stop, isWanted } = launch;
  const ref = { stack: spec.stack, id: spec.id };
  try {
    const outcome = await runs.start(spec);
    if (outcome.outcome !== 'failed' || outcome.code !== 'run.exists' || !isWanted()) return outcome;
    await runs.stop(stop);
    return isWanted() ? await runs.start(spec) : outcome;
  } catch (error) {
    return { ref, outcome: 'failed', code: 'instance.not-started', words: wordsOf(error) };
  }
};
