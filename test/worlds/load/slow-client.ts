import { ask } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { expectSame } from './tally.ts';

/** Asks for an answer that takes its time before it says anything. */
export const slowClient = (options: { readonly ms: number; readonly pauseMs: number }): LoadClient => ({
  pauseMs: options.pauseMs,
  turn: (target, tally) =>
    tally.count(`slow (${options.ms / 1000} s)`, async () => {
      const answer = await ask(target, { path: `/slow?ms=${options.ms}` });
      expectSame('answered', answer.toString(), 'at last');
    }),
});
