// An agent that knows nothing but what a test tells it: the calls of api/wire.ts over a real unix socket.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallName, CALLS, type CallTypes } from '../../src/api/wire.ts';
import { Refusal, toReport } from '../../src/model/error.ts';

export type FakeCall = {
  readonly name: CallName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly user: string | undefined;
};

type Answer<K extends CallName> = CallTypes[K]['answer'];

/** What is answered: one value, or for calls that stream, values one after the other. May throw a report. */
export type FakeAnswers = {
  readonly [K in CallName]?: (
    call: FakeCall,
  ) => (typeof CALLS)[K]['answers'] extends 'lines'
    ? Iterable<Answer<K>> | AsyncIterable<Answer<K>>
    : Answer<K> | Promise<Answer<K>>;
};

export type FakeAgent = AsyncDisposable & {
  readonly home: string;
  readonly socket: string;
  /** What makes a CLI find it. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: readonly FakeCall[];
  /** Adds to or replaces what it answers. */
  readonly answer: (answers: FakeAnswers) => void;
  /** Hangs up on everybody, and answers nobody until `listen`. */
  readonly kill: () => Promise<void>;
  readonly listen: () => Promise<void>;
};

export const openFakeAgent = async (answers: FakeAnswers = {}): Promise<FakeAgent> => {
  const home = await mkdtemp(join(tmpdir(), 'reeve-fake-'));
  const socket = join(home, 'agent.sock');
  const calls: FakeCall[] = [];
  let known: FakeAnswers = answers;
  let server: Server | null = null;

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server = createServer((request, response) => void serve(request, response, calls, () => known));
      server.once('error', reject).listen(socket, resolve);
    });

  const kill = async (): Promise<void> => {
    const old = server;
    server = null;
    if (!old) return;
    const closed = new Promise((resolve) => old.close(resolve));
    old.closeAllConnections();
    await closed;
  };

  await listen();
  return {
    home,
    socket,
    env: { REEVE_HOME: home, PATH: process.env.PATH ?? '', HOME: home },
    calls,
    answer: (more) => {
      known = { ...known, ...more };
    },
    kill,
    listen,
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
};

const ROUTES = (Object.keys(CALLS) as CallName[]).map((name) => ({
  name,
  method: CALLS[name].method,
  pattern: new RegExp(`^${CALLS[name].path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
}));

const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  calls: FakeCall[],
  known: () => FakeAnswers,
): Promise<void> => {
  try {
    const call = await readCall(request);
    calls.push(call);
    const handler = known()[call.name] as ((call: FakeCall) => unknown) | undefined;
    if (!handler)
      throw new Refusal('call.unknown', `Cannot answer "${call.name}": the fake was told nothing of it`);
    const value = await handler(call);
    const { answers } = CALLS[call.name];
    if (answers === 'text') response.end(value as string);
    else if (answers === 'json') response.end(JSON.stringify(value));
    else await sendLines(response, value as AsyncIterable<unknown>);
  } catch (error) {
    const report = toReport(error);
    if (response.headersSent) response.end(`${JSON.stringify({ error: report })}\n`);
    else response.writeHead(400).end(JSON.stringify(report));
  }
};

const sendLines = async (response: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> => {
  response.flushHeaders();
  for await (const line of lines) {
    if (response.destroyed) return;
    response.write(`${JSON.stringify(line)}\n`);
  }
  response.end();
};

const readCall = async (request: IncomingMessage): Promise<FakeCall> => {
  const url = new URL(request.url ?? '/', 'http://reeve');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  for (const { name, method, pattern } of ROUTES) {
    const match = method === request.method ? pattern.exec(url.pathname) : null;
    if (!match) continue;
    return {
      name,
      params: { ...match.groups },
      query: Object.fromEntries(url.searchParams),
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      user: request.headers['x-reeve-user'] as string | undefined,
    };
  }
  throw new Refusal('call.unknown', `Cannot answer ${request.method} ${url.pathname}: no such call`);
};
