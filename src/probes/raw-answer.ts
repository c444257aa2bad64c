import { exhaustionOf } from '../model/error.ts';
import type { ProbeAnswer } from '../model/health.ts';

/** What a probe of one kind found; its words may still hold secrets and control characters. */
export type RawAnswer = Pick<ProbeAnswer, 'state' | 'words' | 'cause'> & {
  readonly progress?: number | null;
};

/** Whether it is the agent that lacks what it takes to ask: that says nothing about whom it wanted to ask. */
export const isOurWant = (error: unknown): boolean =>
  error instanceof Error &&
  (exhaustionOf(error) !== null || (error as NodeJS.ErrnoException).code === NO_PORT_LEFT);

// Of connect(2) to this host: every local port is in use.
const NO_PORT_LEFT = 'EADDRNOTAVAIL';
