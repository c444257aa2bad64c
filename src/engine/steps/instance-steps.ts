import type { StepTable } from '../step-context.ts';
import { bake } from './bake.ts';
import { keepWarm } from './keep-warm.ts';
import { passGate } from './pass-gate.ts';
import { startInstances } from './start-instances.ts';
import { stopInstances } from './stop-instances.ts';

/** What is done with copies of services. */
export const INSTANCE_STEPS = {
  'start-instances': startInstances,
  'pass-gate': passGate,
  'stop-instances': stopInstances,
  'keep-warm': keepWarm,
  bake,
} as const satisfies Partial<StepTable>;
