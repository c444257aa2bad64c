// The load that proofs are made under, and what is said of it afterwards.
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Change } from '../../src/model/change.ts';
import { eventStreamClient } from './load/event-stream-client.ts';
import { keepAliveClient } from './load/keep-alive-client.ts';
import { type MixedLoad, startMixedLoad } from './load/mixed-load.ts';
import { slowClient } from './load/slow-client.ts';
import type { LoadReport } from './load/tally.ts';
import { downloadClient, uploadClient } from './load/transfer-clients.ts';
import { webSocketClient } from './load/web-socket-client.ts';
import { stepTimes } from './make-change.ts';
import { median, PROOF_FOLDER } from './proof-report.ts';
import { projectRoot, type Stage } from './stage.ts';

const TARGET = join(projectRoot, 'test/programs/load-target.ts');

/** The command of the service under load; `imports` are loaded before it. */
export const targetCommand = (...imports: readonly string[]): string =>
  ['$REEVE_NODE', ...imports.map((path) => `--import ${path}`), TARGET].join(' ');

/** Its variables. The proofs are about deploys, not about how fast Node compiles the same file for the 200th time. */
export const targetEnv = (more: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify({ NODE_COMPILE_CACHE: join(PROOF_FOLDER, 'compiled'), ...more });

export type ProofLoadOptions = {
  readonly stage: Stage;
  readonly host: string;
  readonly keepAliveClients: number;
  /** How long the slow answers take. */
  readonly slowMs: number;
};

/** About 60 requests a second and keep-alive client; the other kinds last half a second, so that every switch meets some. */
export const startProofLoad = ({ stage, host, keepAliveClients, slowMs }: ProofLoadOptions): MixedLoad => {
  const many = Array.from({ length: keepAliveClients }, (_, at) => keepAliveClient(`client ${at + 1}`, 20));
  const transfer = { chunks: 48, everyMs: 4, pauseMs: 100 };
  return startMixedLoad({ port: stage.edgePort, host }, [
    ...many,
    eventStreamClient({ count: 12, everyMs: 25, pauseMs: 50 }),
    eventStreamClient({ count: 12, everyMs: 25, pauseMs: 130 }),
    webSocketClient({ messages: 8, everyMs: 25, pauseMs: 50 }),
    webSocketClient({ messages: 8, everyMs: 25, pauseMs: 130 }),
    uploadClient(transfer),
    downloadClient(transfer),
    slowClient({ ms: slowMs, pauseMs: 5_000 }),
  ]);
};

/** Shows what became of every kind of request. */
export const sayLoad = (t: TestContext, report: LoadReport): void => {
  t.diagnostic(`${report.requests} requests, ${report.failed} failed`);
  for (const [kind, { requests, failed, medianMs, slowestMs }] of Object.entries(report.kinds)) {
    t.diagnostic(`  ${kind}: ${requests}, ${failed} failed, median ${medianMs} ms, slowest ${slowestMs} ms`);
  }
  for (const reason of report.reasons) t.diagnostic(`  ${reason}`);
};

/** How long each kind of step took, in milliseconds. */
export const stepMedians = (made: readonly Change[]): Readonly<Record<string, number>> => {
  const kinds = new Set(made.flatMap(({ plan }) => plan.steps.map(({ kind }) => kind)));
  return Object.fromEntries(
    [...kinds].map((kind) => {
      const times = made.map((change) => stepTimes(change, kind)).filter(({ done }) => !Number.isNaN(done));
      return [kind, median(times.map(({ begun, done }) => done - begun))];
    }),
  );
};
