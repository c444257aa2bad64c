// Thousands of random lives of a stack; see random-life.ts for what happens in them and what must hold.
// SEEDS=n lives through more of them; a failing seed is printed, and SEED=n replays it alone.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isWholeProof, writeProof } from '../worlds/proof-report.ts';
import { liveThrough } from '../worlds/random-life.ts';

const SEEDS = Number(process.env.SEEDS ?? (isWholeProof ? 10_000 : 5_000));

const liveInWorker = (seeds: readonly number[], signal: AbortSignal): Promise<number> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('../worlds/live-seeds.ts', import.meta.url), { workerData: { seeds } });
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', ({ lived }: { readonly lived: number }) => resolve(lived));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with exit code ${code}`)));
  });

if (process.env.SEED) {
  test(`the main job holds through the random life ${process.env.SEED}`, () =>
    liveThrough(Number(process.env.SEED)));
} else {
  test(`the main job holds through ${SEEDS} random lives`, async () => {
    const all = Array.from({ length: SEEDS }, (_, index) => index + 1);
    const workers = availableParallelism();
    const shares = Array.from({ length: workers }, (_, nth) => all.filter((seed) => seed % workers === nth));
    const stopping = new AbortController();
    try {
      const lived = await Promise.all(shares.map((seeds) => liveInWorker(seeds, stopping.signal)));
      assert.equal(
        lived.reduce((sum, count) => sum + count, 0),
        SEEDS,
      );
      writeProof('simulation', { seeds: SEEDS });
    } finally {
      stopping.abort();
    }
  });
}
