import type { Driver, RunSpec } from '../ports/driver.ts';
import type { LogFile, LogRetention } from '../ports/log-book.ts';

/**
 * Before a start, on a filesystem that can not free old output under a running program: begins new log files where the
 * old ones are over their limit. A run that runs keeps its files, for it writes to them.
 */
export const createRotation = (hands: {
  readonly driver: Pick<Driver, 'observe'>;
  readonly rotate: (file: LogFile, retention: LogRetention) => Promise<boolean>;
  readonly retentionOf: (spec: RunSpec) => LogRetention | null;
}): ((spec: RunSpec) => Promise<void>) => {
  return async (spec) => {
    const retention = hands.retentionOf(spec);
    if (!retention) return;
    const facts = await hands.driver.observe(spec.stack);
    if (facts.some(({ ref, state }) => ref.id === spec.id && state === 'running')) return;
    await hands.rotate({ path: spec.stdoutPath, stream: 'out', instance: spec.id }, retention);
    await hands.rotate({ path: spec.stderrPath, stream: 'err', instance: spec.id }, retention);
  };
};
