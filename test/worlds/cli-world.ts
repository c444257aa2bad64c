// The CLI run inside the test, with screens that remember.
import type { World } from '../../src/cli/world.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { NOON } from './cli-facts.ts';

export type CliRun = {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Columns of a terminal; none: not a terminal. */
  readonly columns?: number;
  readonly interrupted?: AbortSignal;
  readonly canAsk?: boolean;
  readonly uid?: number;
};

export type CliEnd = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdout carries as JSON: exactly one value. */
  readonly json: () => unknown;
};

export const cli = async (argv: readonly string[], run: CliRun): Promise<CliEnd> => {
  const stdout = rememberingScreen(run.columns);
  const stderr = rememberingScreen(run.columns);
  const world: World = {
    ...silentWorld(),
    stdout: stdout.screen,
    stderr: stderr.screen,
    canAsk: run.canAsk ?? false,
    env: run.env,
    cwd: run.cwd ?? '/',
    ...(run.uid === undefined ? {} : { uid: run.uid }),
    ...(run.interrupted ? { interrupted: run.interrupted } : {}),
  };
  const code = await runCli(argv, world);
  return {
    code,
    stdout: stdout.text(),
    stderr: stderr.text(),
    json: () => JSON.parse(stdout.text()) as unknown,
  };
};

/** A world in which nothing is asked and nobody looks. */
export const silentWorld = (): World => ({
  stdout: rememberingScreen().screen,
  stderr: rememberingScreen().screen,
  canAsk: false,
  env: {},
  cwd: '/',
  uid: process.getuid?.() ?? 0,
  user: 'ada',
  interrupted: new AbortController().signal,
  leaveInterrupts: () => {},
  now: () => NOON,
});

export const rememberingScreen = (columns?: number) => {
  let text = '';
  return {
    text: () => text,
    screen: {
      isTerminal: columns !== undefined,
      write: (part: string) => {
        text += part;
      },
      columns: () => columns ?? 80,
      rows: () => 24,
      readerGone: new AbortController().signal,
    },
  };
};
