import { ask } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { expectSame } from './tally.ts';

/** Reads an event stream to its end; every event has to come, in order. */
export const eventStreamClient = (options: {
  readonly count: number;
  readonly everyMs: number;
  readonly pauseMs: number;
}): LoadClient => {
  const { count, everyMs, pauseMs } = options;
  const events = Array.from({ length: count }, (_, at) => `id: ${at + 1}\ndata: event ${at + 1}\n\n`);
  const expected = `${events.join('')}event: end\ndata: end\n\n`;
  return {
    pauseMs,
    turn: (target, tally) =>
      tally.count('event stream', async () => {
        const answer = await ask(target, { path: `/events?count=${count}&everyMs=${everyMs}` });
        expectSame('length of the stream', answer.toString().length, expected.length);
        expectSame('every event came:', answer.toString() === expected, true);
      }),
  };
};
