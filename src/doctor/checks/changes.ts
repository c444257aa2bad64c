import { formatDuration } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

/** Longer than a build and a slow gate together are likely to take. */
const VERY_LONG_MS = 30 * 60_000;

export const checkChanges = async (world: World): Promise<readonly Finding[]> => {
  const now = world.now();
  return (await world.unfinishedChanges())
    .filter(({ state, openedAt }) => state !== 'queued' && now - openedAt > VERY_LONG_MS)
    .map(({ id, stack, state, plan, openedAt, records }): Finding => {
      const last = records.at(-1);
      const step = plan.steps.find((each) => each.id === last?.step);
      return {
        stack,
        code: 'doctor.change-slow',
        severity: 'warning',
        symptom: `Change ${id} of "${stack}" has been ${state} for ${formatDuration(now - openedAt)}`,
        evidence: [
          plan.sentence,
          ...(last && step ? [`for ${formatDuration(now - last.at)}: ${step.sentence}`] : []),
        ],
        cause: 'A step of it waits for something that does not come',
        fix: `Look at it: reeve changes show ${id}; give it up: reeve changes cancel ${id}`,
      };
    });
};
