// HTTP over the agent's unix socket. It knows calls and errors; what a call does is in handlers/.
import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CallName, CALLS } from '../api/wire.ts';
import { ensureFolder } from '../kit/atomic-file.ts';
import { createServer } from '../kit/node-http.ts';
import { redactReport, Refusal, toReport } from '../model/error.ts';
import { findCall, type FoundCall } from './find-call.ts';
import type { Handlers } from './handlers/table.ts';
import type { readInput } from './inputs.ts';
import { readBody } from './read-body.ts';

export type AgentServer = { readonly close: () => Promise<void> };

export type ServerOptions = {
  readonly socket: string;
  readonly handlers: Handlers;
  /** Masks what an error could carry; the writer of answers is a writer too. */
  readonly redact: (text: string) => string;
  readonly failed: (call: string, error: unknown) => void;
  /** Told of each `change` call when it ends: the audit log. */
  readonly called: (entry: Called) => void;
};

export type Called = {
  readonly call: CallName;
  readonly by: string;
  readonly params: unknown;
  readonly body: unknown;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  /** Null where there was an error. */
  readonly answer: unknown;
};

/** Listens on the socket, mode 0660. A stale socket file is replaced: the claim on the state folder came first. */
export const openServer = async (options: ServerOptions): Promise<AgentServer> => {
  const closing = new AbortController();
  ensureFolder(dirname(options.socket), 0o750);
  rmSync(options.socket, { force: true });
  const server = createServer((incoming, outgoing) => {
    serve({ incoming, outgoing, closing: closing.signal }, options).catch((error: unknown) => {
      // The caller is gone, or its answer could not be made.
      outgoing.destroy();
      options.failed(incoming.url ?? '', error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Between bind and chmod nobody else may connect. A unix socket is bound within the call: no program that is started
    // meanwhile gets this mask.
    const mask = process.umask(0o117);
    server.listen(options.socket, resolve);
    process.umask(mask);
  });
  chmodSync(options.socket, 0o660);
  return {
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const deadline = setTimeout(() => server.closeAllConnections(), 500);
      await closed;
      clearTimeout(deadline);
      rmSync(options.socket, { force: true });
    },
  };
};

type Exchange = {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Aborts when the agent stops. */
  readonly closing: AbortSignal;
};

const serve = async (exchange: Exchange, options: ServerOptions): Promise<void> => {
  const { incoming, outgoing } = exchange;
  const { method = '', url = '' } = incoming;
  const found = findCall(method, url);
  if (found) return await answer(found, exchange, options);
  // Whatever is refused, the answer has to arrive.
  await readBody(incoming).catch(() => null);
  const fix = 'use a reeve of the same version as the agent: reeve version';
  const [path] = url.split('?');
  const refusal = new Refusal('call.unknown', `Cannot answer ${method} ${path}: no such call`, { fix });
  sendError(outgoing, refusal, options);
};

const answer = async (found: FoundCall, exchange: Exchange, options: ServerOptions): Promise<void> => {
  const { incoming, outgoing } = exchange;
  const { call } = found;
  const by = callerName(incoming);
  const { access, answers } = CALLS[call];
  let params: unknown = null;
  let body: unknown = null;
  const audit = (outcome: string, value: unknown): void => {
    if (access !== 'change') return;
    try {
      options.called({ call, by, params, body, outcome, answer: value });
    } catch (error) {
      // What was done was done: an answer that says otherwise would have it asked for again.
      options.failed(`the audit log has no entry for ${call} by ${by} (${outcome})`, error);
    }
  };
  try {
    // First of all: whatever is refused, the answer has to arrive.
    const given = await readJson(incoming);
    const read = await inputReader(found);
    params = read(call, 'params', found.params);
    body = read(call, 'body', given);
    const query = read(call, 'query', found.query);
    const signal = untilGone(exchange);
    const handler = options.handlers[call] as (given: unknown) => unknown;
    const value = await handler({ by, signal, params, query, body });
    audit('ok', value);
    if (answers === 'lines') await sendLines(outgoing, call, value as AsyncIterable<unknown>, options);
    else if (answers === 'json') send(outgoing, 200, 'application/json', JSON.stringify(value));
    else send(outgoing, 200, 'text/plain; charset=utf-8', value as string);
  } catch (error) {
    const report = toReport(error);
    if (report.kind === 'defect') options.failed(call, error);
    audit(report.code, null);
    sendError(outgoing, error, options);
  }
};

// Their schemas are 10 MB, which an agent that is only asked how it is does without.
const inputReader = async ({ call, params, query }: FoundCall): Promise<typeof readInput> => {
  const isBare = CALLS[call].method === 'GET' && Object.keys({ ...params, ...query }).length === 0;
  return isBare ? () => ({}) : (await import('./inputs.ts')).readInput;
};

// Aborts when the caller hangs up or the agent stops.
const untilGone = ({ outgoing, closing }: Exchange): AbortSignal => {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
};

const sendLines = async (
  outgoing: ServerResponse,
  call: CallName,
  lines: AsyncIterable<unknown>,
  options: ServerOptions,
): Promise<void> => {
  outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
  outgoing.flushHeaders();
  try {
    await pipeline(Readable.from(textOf(lines, outgoing, call, options)), outgoing);
  } catch (error) {
    // The caller hung up: that is how following ends.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
};

// A stream that breaks after it began can not have another status: its last line is the error.
async function* textOf(
  lines: AsyncIterable<unknown>,
  outgoing: ServerResponse,
  call: CallName,
  { failed, redact }: ServerOptions,
): AsyncGenerator<string> {
  try {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  } catch (error) {
    if (outgoing.destroyed) return;
    failed(call, error);
    yield `${JSON.stringify({ error: redactReport(toReport(error), redact) })}\n`;
  }
}

const readJson = async (incoming: IncomingMessage): Promise<unknown> => {
  const text = await readBody(incoming);
  if (incoming.method !== 'POST' || text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Refusal('call.invalid', 'Cannot read the call: its body is not JSON', { cause: error });
  }
};

const callerName = ({ headers }: IncomingMessage): string => {
  const name = String(headers['x-reeve-user'] ?? '');
  return /^[a-zA-Z0-9_.@-]{1,64}$/.test(name) ? name : 'unknown';
};

const STATUS = { refusal: 400, failure: 502, defect: 500 } as const;

const sendError = (outgoing: ServerResponse, error: unknown, { redact }: ServerOptions): void => {
  const report = redactReport(toReport(error), redact);
  const status = report.code.endsWith('.unknown') ? 404 : STATUS[report.kind];
  send(outgoing, status, 'application/json', JSON.stringify(report));
};

const send = (outgoing: ServerResponse, status: number, type: string, text: string): void => {
  const body = Buffer.from(text);
  outgoing.writeHead(status, { 'content-type': type, 'content-length': body.length });
  outgoing.end(body);
};
