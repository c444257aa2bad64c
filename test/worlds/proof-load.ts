// The load that proofs are made under, and the stack that bears it.
import { join } from 'node:path';
import { eventStreamClient } from './load/event-stream-client.ts';
import { keepAliveClient } from './load/keep-alive-client.ts';
import { type MixedLoad, startMixedLoad } from './load/mixed-load.ts';
import { slowClient } from './load/slow-client.ts';
import { downloadClient, uploadClient } from './load/transfer-clients.ts';
import { webSocketClient } from './load/web-socket-client.ts';
import { projectRoot, type Stage } from './stage.ts';

export const TARGET = join(projectRoot, 'test/programs/load-target.ts');

export const SLOW_MS = 3_000;

export type ProofLoadOptions = {
  readonly stage: Stage;
  readonly host: string;
  readonly keepAliveClients: number;
};

/** About 60 requests a second and keep-alive client; the other kinds last half a second, so that every switch meets some. */
export const startProofLoad = ({ stage, host, keepAliveClients }: ProofLoadOptions): MixedLoad => {
  const many = Array.from({ length: keepAliveClients }, (_, at) => keepAliveClient(`client ${at + 1}`, 20));
  const transfer = { chunks: 48, everyMs: 8, pauseMs: 100 };
  return startMixedLoad({ port: stage.edgePort, host }, [
    ...many,
    eventStreamClient({ count: 12, everyMs: 40, pauseMs: 50 }),
    eventStreamClient({ count: 12, everyMs: 40, pauseMs: 170 }),
    webSocketClient({ messages: 12, everyMs: 40, pauseMs: 50 }),
    webSocketClient({ messages: 12, everyMs: 40, pauseMs: 170 }),
    uploadClient(transfer),
    downloadClient(transfer),
    slowClient({ ms: SLOW_MS, pauseMs: 3_500 }),
    slowClient({ ms: SLOW_MS, pauseMs: 8_000 }),
  ]);
};
