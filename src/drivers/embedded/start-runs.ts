import { runKey, type RunSpec, type StartOutcome } from '../../ports/driver.ts';
import type { House } from './house.ts';
import { judgePresent, judgeSpec } from './judge-start.ts';
import { ensureFolders } from './prepare-folders.ts';
import { asRefused, type Refused } from './refused.ts';
import type { HostUser } from './resolve-user.ts';
import { startRun } from './start-run.ts';

/** Shims that are on their way at the same time. More only take each other's turn on the processor. */
const AT_ONCE = 24;

/** Starts all that can be started; every spec gets its outcome, in order. */
export const startRuns = async (
  specs: readonly RunSpec[],
  house: House,
): Promise<readonly StartOutcome[]> => {
  const outcomes = new Map<RunSpec, StartOutcome>();
  const refuse = (spec: RunSpec, { code, words }: Refused): void =>
    void outcomes.set(spec, { ref: { stack: spec.stack, id: spec.id }, outcome: 'failed', code, words });
  const users = new Map<RunSpec, HostUser | null>();
  await Promise.all(
    specs.map(async (spec, at) => {
      try {
        const present = await judgePresent(spec, house);
        if (present) return void outcomes.set(spec, present);
        if (specs.findIndex((other) => runKey(other) === runKey(spec)) < at)
          return refuse(spec, { code: 'run.exists', words: 'it is named twice in one batch' });
        const judged = await judgeSpec(spec, house);
        if (judged && 'code' in judged) refuse(spec, judged);
        else users.set(spec, judged);
      } catch (error) {
        // Not even a look at what is there is possible where descriptors have run out.
        refuse(spec, asRefused(error));
      }
    }),
  );
  const accepted = specs.filter((spec) => users.has(spec));
  const unprepared = await ensureFolders(accepted, house);
  const queue = accepted.filter((spec) => {
    const refused = unprepared.get(spec);
    if (refused) refuse(spec, refused);
    return !refused;
  });
  const work = async (): Promise<void> => {
    for (let spec = queue.shift(); spec; spec = queue.shift()) {
      outcomes.set(spec, await startRun(spec, users.get(spec) ?? null, house));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
  return specs.map((spec) => outcomes.get(spec)!);
};
