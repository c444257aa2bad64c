// The daemon's life: claim the state folder, wire the rooms, adopt what runs, resume what was interrupted, answer calls.
// It is crash-only: being told to stop is the same as being killed, with a tidier log. No instance ever stops with it.
import { realpathSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { createLineWriter } from '../kit/line-writer.ts';
import { reeveVersion } from '../kit/version.ts';
import { createRedactor } from '../logs/redactor.ts';
import { redactReport, toReport } from '../model/error.ts';
import type { Layout } from '../model/layout.ts';
import { claimHome } from './claim-home.ts';
import { openServer } from './server.ts';
import { wire } from './wire.ts';

export type AgentOptions = {
  readonly layout: Layout;
  /** Loopback port of the builtin edge. */
  readonly edgePort: number;
  /** Environment that programs inherit from: PATH, HOME, LANG, TZ. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Runs the agent until it is told to stop, and ends the process then. Refusal `agent.running` where the state folder has one; see `claimHome`. */
export const runAgent = async ({ layout: given, edgePort, env }: AgentOptions): Promise<void> => {
  const version = reeveVersion();
  const claim = claimHome(given, version);
  // What is written down on disk names its folder, by which a copy is told from the original: one folder, one name.
  const layout = { ...given, home: realpathSync(given.home) };
  const log = openLog();
  const redactor = createRedactor();
  const redact = (text: string): string => redactor.redact(text);
  const failed = (what: string, error: unknown): void =>
    log.error({ what: redact(what), report: redactReport(toReport(error), redact) }, 'failed');
  process.on('unhandledRejection', (error) => failed('unhandled rejection', error));

  const stopping = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.resolve(signal));
  process.on('SIGHUP', () => log.info('SIGHUP ignored: the agent outlives its terminal'));

  const wired = await wire({
    layout,
    edgePort,
    env,
    version,
    redactor,
    failed,
    stop: () => stopping.resolve('asked over its socket'),
  });
  const server = await openServer({
    socket: layout.socket,
    handlers: wired.handlers,
    redact,
    failed,
    called: wired.audit,
  });
  log.info(
    { version, pid: process.pid, home: layout.home, socket: layout.socket, ...wired.found },
    'agent started',
  );
  if (wired.rebuilt) log.warn(wired.rebuilt, 'state database rebuilt');
  wired.resume();

  const reason = await stopping.promise;
  log.info({ reason }, 'agent stops; what it runs goes on');
  await server.close();
  await wired.close();
  claim.release();
  // What is still under way, such as the grace of a stop, is the next agent's now: it must not keep this process.
  process.exit();
};

const openLog = (): Logger => {
  const gap = (dropped: number): string =>
    `${JSON.stringify({ level: 40, dropped, msg: 'lines before this one could not be written' })}\n`;
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, createLineWriter({ fd: STDOUT, gap }));
};

const STDOUT = 1;
