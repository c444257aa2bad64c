// A worker: lives through the seeds it is given. Outside of the test runner, which looks at every promise.
import { parentPort, workerData } from 'node:worker_threads';
import { liveThrough } from './random-life.ts';

const { seeds } = workerData as { readonly seeds: readonly number[] };
for (const seed of seeds) await liveThrough(seed);
parentPort?.postMessage({ lived: seeds.length });
