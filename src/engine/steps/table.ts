import type { StepKind } from '../../model/plan.ts';
import type { StepExecutor } from '../step-context.ts';
import { activateRelease } from './activate-release.ts';
import { bake } from './bake.ts';
import { configureEdge } from './configure-edge.ts';
import { drainInstances } from './drain-instances.ts';
import { forgetStack } from './forget-stack.ts';
import { holdRequests } from './hold-requests.ts';
import { keepWarm } from './keep-warm.ts';
import { passGate } from './pass-gate.ts';
import { placeRelease } from './place-release.ts';
import { pruneReleases } from './prune-releases.ts';
import { reservePorts } from './reserve-ports.ts';
import { runJob } from './run-job.ts';
import { setScale } from './set-scale.ts';
import { startInstances } from './start-instances.ts';
import { stopInstances } from './stop-instances.ts';
import { switchRoutes } from './switch-routes.ts';
import { verifyRoutes } from './verify-routes.ts';

/** The executor of each kind of step; the compiler insists that none is missing. */
export const STEP_TABLE: { readonly [K in StepKind]: StepExecutor<K> } = {
  'place-release': placeRelease,
  'reserve-ports': reservePorts,
  'run-job': runJob,
  'start-instances': startInstances,
  'pass-gate': passGate,
  'configure-edge': configureEdge,
  'hold-requests': holdRequests,
  'switch-routes': switchRoutes,
  'verify-routes': verifyRoutes,
  'activate-release': activateRelease,
  bake,
  'drain-instances': drainInstances,
  'stop-instances': stopInstances,
  'keep-warm': keepWarm,
  'set-scale': setScale,
  'prune-releases': pruneReleases,
  'forget-stack': forgetStack,
};
