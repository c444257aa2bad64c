// Every kind of client at once. Each waits for its answer before it asks again, and none ever asks twice.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadTarget } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { type LoadReport, Tally } from './tally.ts';

export type MixedLoad = {
  readonly requests: () => number;
  /** As of now. */
  readonly report: () => LoadReport;
  /** Lets every client come to the end of its turn. */
  readonly stop: () => Promise<LoadReport>;
};

export const startMixedLoad = (target: LoadTarget, clients: readonly LoadClient[]): MixedLoad => {
  const tally = new Tally();
  const over = new AbortController();
  const live = async ({ turn, pauseMs, close }: LoadClient): Promise<void> => {
    while (!over.signal.aborted) {
      await turn(target, tally);
      await sleep(pauseMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    close?.();
  };
  const lives = Promise.all(clients.map(live));
  return {
    requests: () => tally.requests,
    report: () => tally.report(),
    stop: async () => {
      over.abort();
      await lives;
      return tally.report();
    },
  };
};
