import type { Phase } from '../../model/plan.ts';

export const PHASE_TITLES: Readonly<Record<Phase, string>> = {
  prepare: 'Prepare',
  prove: 'Prove',
  'cut-over': 'Cut over',
  bake: 'Bake',
  finish: 'Finish',
};
