import type { ProbeAnswer } from '../model/health.ts';

/** What a probe of one kind found; its words may still hold secrets and control characters. */
export type RawAnswer = Pick<ProbeAnswer, 'state' | 'words' | 'cause'> & {
  readonly progress?: number | null;
};
