import type { Plan } from '../../src/model/plan.ts';
import type { Release } from '../../src/model/release.ts';
import type { Service, Stack } from '../../src/model/stack.ts';
import { buildService, buildStack } from './stack-builder.ts';

export const aService = (parts: Partial<Service> = {}): Service => ({
  ...buildService(parts.name ?? 'web'),
  ...parts,
});

export const aStack = (parts: Partial<Stack> = {}): Stack => ({ ...buildStack([aService()]), ...parts });

/** Release 1 of stack "shop" with one service "web": a test names only what it is about. */
export const aRelease = (parts: Partial<Release> = {}): Release => ({
  id: 1,
  stackName: 'shop',
  revision: { kind: 'folder', id: 'a1b2c3', summary: 'shop' },
  stack: aStack(),
  envFingerprint: 'none',
  state: 'candidate',
  stateReason: null,
  hasTree: true,
  createdAt: 1_000,
  ...parts,
});

export const aPlan = (parts: Partial<Plan> = {}): Plan => ({
  version: 1,
  kind: 'deploy',
  stack: 'shop',
  release: { to: 1, from: null },
  sentence: 'Deploy release 1',
  steps: [],
  notes: [],
  ...parts,
});
