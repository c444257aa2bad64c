import type { StepTable } from '../step-context.ts';
import { activateRelease } from './activate-release.ts';
import { EDGE_STEPS } from './edge-steps.ts';
import { forgetStack } from './forget-stack.ts';
import { INSTANCE_STEPS } from './instance-steps.ts';
import { placeRelease } from './place-release.ts';
import { pruneReleases } from './prune-releases.ts';
import { reservePorts } from './reserve-ports.ts';
import { runJob } from './run-job.ts';
import { setScale } from './set-scale.ts';

/** The executor of each kind of step; the compiler insists that none is missing. */
export const STEP_TABLE: StepTable = {
  ...INSTANCE_STEPS,
  ...EDGE_STEPS,
  'place-release': placeRelease,
  'reserve-ports': reservePorts,
  'run-job': runJob,
  'activate-release': activateRelease,
  'set-scale': setScale,
  'prune-releases': pruneReleases,
  'forget-stack': forgetStack,
};
