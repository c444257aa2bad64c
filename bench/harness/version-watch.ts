// Asks a door again and again which version answers, on a connection of its own each time.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 3;
const PATIENCE_MS = 2000;

export type Door = { readonly port: number; readonly host: string };

export type Seen = {
  /** performance.now() of its first and last answer. */
  readonly first: number;
  last: number;
  /** Epoch milliseconds at which the slowest of its copies was ready, and was asked for the first time. */
  readyAt: number;
  askedAt: number;
};

export type VersionWatch = {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly until: (version: string) => Promise<Seen>;
  readonly stop: () => Promise<void>;
};

export const watchVersions = (door: Door): VersionWatch => {
  const seen = new Map<string, Seen>();
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver) {
      const answer = await ask(door);
      const at = performance.now();
      if (answer) {
        const known = seen.get(answer.version) ?? { first: at, last: at, readyAt: 0, askedAt: 0 };
        known.last = at;
        known.readyAt = Math.max(known.readyAt, answer.readyAt);
        known.askedAt = Math.max(known.askedAt, answer.askedAt);
        seen.set(answer.version, known);
      }
      await sleep(PAUSE_MS);
    }
  };
  const looking = look();
  return {
    seen,
    until: async (version) => {
      for (;;) {
        const found = seen.get(version);
        if (found) return found;
        await sleep(PAUSE_MS);
      }
    },
    stop: async () => {
      isOver = true;
      await looking;
    },
  };
};

type Answer = { readonly version: string; readonly readyAt: number; readonly askedAt: number };

// Null where nothing answers: that is counted by the load beside it.
const ask = ({ port, host }: Door): Promise<Answer | null> =>
  new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
      response.resume();
      const { 'x-version': version, 'x-ready-at': readyAt, 'x-asked-at': askedAt } = response.headers;
      response.once('close', () =>
        resolve(
          version === undefined
            ? null
            : { version: String(version), readyAt: Number(readyAt), askedAt: Number(askedAt) },
        ),
      );
    });
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error('no answer')));
    sent.once('error', () => resolve(null));
    sent.end();
  });
