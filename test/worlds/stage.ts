// A stage for stories with the real CLI and agent: a state folder and a stack folder of its own, on a free edge port.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { StackStatus } from '../../src/api/wire.ts';
import { type Client, openClient } from '../../src/client/client.ts';
import type { Change } from '../../src/model/change.ts';
import { resolveLayout } from '../../src/model/layout.ts';

export const projectRoot = resolve(import.meta.dirname, '../..');

export type Ran = {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
};

export type Running = {
  readonly child: ChildProcess;
  /** Resolves when the pattern is in what it has printed, on stdout or stderr; rejects when it ends before. */
  readonly says: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<Ran>;
};

export type Stage = {
  readonly folder: string;
  /** Where reeve.yaml is, and where `reeve` runs. */
  readonly stackFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly edgePort: number;
  readonly client: Client;
  readonly reeve: (...args: string[]) => Promise<Ran>;
  /** The same, where something is done before its end. */
  readonly start: (...args: string[]) => Running;
  readonly status: () => Promise<StackStatus>;
  readonly lastChange: () => Promise<Change>;
  readonly agentPid: () => Promise<number>;
  readonly write: (file: string, text: string) => void;
  readonly remove: (file: string) => void;
  /** Replaces text in a file of the stack folder; the text has to be there. */
  readonly edit: (file: string, from: string, to: string) => void;
  /** Takes everything down and removes the folders. */
  readonly close: () => Promise<void>;
};

export type StageOptions = {
  /** The stack's name. */
  readonly stack: string;
  /** Files of the stack folder, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Or a folder to copy. */
  readonly copyOf?: string;
  /** A port people know, taken where it is free. */
  readonly wantedPort?: number;
  /** Makes the state folder another than an ordinary one, and gives back what ends that. */
  readonly makeState?: (home: string) => () => void;
  /** Variables on top of the test's own. */
  readonly env?: NodeJS.ProcessEnv;
};

export const openStage = async ({
  stack,
  files = {},
  copyOf,
  wantedPort = 0,
  makeState = () => () => undefined,
  env: more = {},
}: StageOptions): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-stage-'));
  const stackFolder = join(folder, 'stack');
  const home = join(folder, 'state');
  if (copyOf) cpSync(copyOf, stackFolder, { recursive: true });
  else mkdirSync(stackFolder);
  const endState = makeState(home);
  const edgePort = await choosePort(wantedPort);
  const env = {
    ...process.env,
    ...more,
    REEVE_HOME: home,
    REEVE_EDGE_PORT: String(edgePort),
    NO_COLOR: '1',
  };
  const client = openClient({ socket: resolveLayout(env, process.getuid?.() ?? 0).socket });
  const start = (...args: string[]): Running =>
    startProgram(join(projectRoot, 'bin/reeve'), args, stackFolder, env);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(stackFolder, file)), { recursive: true });
    writeFileSync(join(stackFolder, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  return {
    folder,
    stackFolder,
    env,
    edgePort,
    client,
    reeve: (...args) => start(...args).ended,
    start,
    write,
    remove: (file) => rmSync(join(stackFolder, file), { recursive: true }),
    status: () => client.call('stackStatus', { params: { stack } }),
    lastChange: async () => {
      const [change] = await client.call('listChanges', { query: { limit: 1 } });
      if (!change) throw new Error('there was no change');
      return change;
    },
    agentPid: async () => (await client.call('agentStatus', {})).pid,
    edit: (file, from, to) => {
      const text = readFileSync(join(stackFolder, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)}`);
      write(file, text.replace(from, to));
    },
    close: async () => {
      await start('down', '--stack', stack).ended;
      await start('agent', 'stop').ended;
      endState();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Runs a program to its end, with nothing on its standard input. */
export const runProgram = (
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Ran> => startProgram(program, args, cwd, env).ended;

const startProgram = (
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Running => {
  const began = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  const noticed = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      printed[stream] += chunk.toString();
      for (const notice of noticed) notice();
    });
  }
  const ended = new Promise<Ran>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ exit: code ?? 1, ...printed, tookMs: performance.now() - began }));
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((done, failed) => {
      const look = (): void => {
        if (pattern.test(printed.stdout) || pattern.test(printed.stderr)) done();
      };
      noticed.add(look);
      look();
      const given = `${program} ${args.join(' ')}`;
      void ended.then(({ stderr }) => failed(new Error(`${given} never said ${String(pattern)}: ${stderr}`)));
    });
  return { child, says, ended };
};

// The wanted port where it is free, any other where it is not.
const choosePort = async (wanted: number): Promise<number> => {
  for (const port of [wanted, 0]) {
    const got = await new Promise<number | null>((resolvePort) => {
      const server = createServer();
      server.once('error', () => resolvePort(null));
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolvePort(typeof address === 'object' && address ? address.port : null));
      });
    });
    if (got !== null) return got;
  }
  throw new Error('no free port on 127.0.0.1');
};
