import type { StepTable } from '../step-context.ts';
import { configureEdge } from './configure-edge.ts';
import { drainInstances } from './drain-instances.ts';
import { holdRequests } from './hold-requests.ts';
import { switchRoutes } from './switch-routes.ts';
import { verifyRoutes } from './verify-routes.ts';

/** What is done with traffic. */
export const EDGE_STEPS = {
  'configure-edge': configureEdge,
  'hold-requests': holdRequests,
  'switch-routes': switchRoutes,
  'verify-routes': verifyRoutes,
  'drain-instances': drainInstances,
} as const satisfies Partial<StepTable>;
