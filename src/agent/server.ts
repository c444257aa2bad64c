// HTTP over the agent's unix socket. It knows calls and errors; what a call does is in handlers/.
import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { type CallName, CALLS } from '../api/wire.ts';
import { ensureFolder } from '../kit/atomic-file.ts';
import { redactReport, Refusal, toReport } from '../model/error.ts';
import type { Handlers } from './handlers/table.ts';
import { readInput } from './inputs.ts';
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
  const app = createApp(options, closing.signal);
  ensureFolder(dirname(options.socket), 0o750);
  rmSync(options.socket, { force: true });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
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

const createApp = (options: ServerOptions, closing: AbortSignal): Hono => {
  const app = new Hono();
  for (const call of Object.keys(CALLS) as CallName[]) {
    const { method, path } = CALLS[call];
    app.on(method, path, (context) => answer(call, context, options, closing));
  }
  app.notFound(async (context) => {
    await readText(context).catch(() => null);
    return failWith(
      context,
      new Refusal('call.unknown', `Cannot answer ${context.req.method} ${context.req.path}: no such call`, {
        fix: 'use a reeve of the same version as the agent: reeve version',
      }),
      options,
    );
  });
  app.onError((error, context) => {
    options.failed(context.req.path, error);
    return failWith(context, error, options);
  });
  return app;
};

const answer = async (
  call: CallName,
  context: Context,
  options: ServerOptions,
  closing: AbortSignal,
): Promise<Response> => {
  const by = callerName(context);
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
    const given = await readJson(context);
    params = readInput(call, 'params', context.req.param());
    body = readInput(call, 'body', given);
    const query = readInput(call, 'query', context.req.query());
    const signal = AbortSignal.any([context.req.raw.signal, closing]);
    const handler = options.handlers[call] as (given: unknown) => unknown;
    const value = await handler({ by, signal, params, query, body });
    audit('ok', value);
    if (answers === 'text') return context.text(value as string);
    if (answers === 'json') return context.json(value as never);
    return streamLines(context, value as AsyncIterable<unknown>, call, options);
  } catch (error) {
    const report = toReport(error);
    if (report.kind === 'defect') options.failed(call, error);
    audit(report.code, null);
    return failWith(context, error, options);
  }
};

const streamLines = (
  context: Context,
  lines: AsyncIterable<unknown>,
  call: CallName,
  options: ServerOptions,
): Response => {
  context.header('content-type', 'application/x-ndjson');
  return stream(context, async (out) => {
    try {
      for await (const line of lines) {
        if (out.aborted) return;
        await out.write(`${JSON.stringify(line)}\n`);
      }
    } catch (error) {
      if (out.aborted) return;
      options.failed(call, error);
      await out.write(`${JSON.stringify({ error: redactReport(toReport(error), options.redact) })}\n`);
    }
  });
};

const readText = (context: Context): Promise<string> => readBody((context.env as HttpBindings).incoming);

const readJson = async (context: Context): Promise<unknown> => {
  const text = await readText(context);
  if (context.req.method !== 'POST' || text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Refusal('call.invalid', 'Cannot read the call: its body is not JSON', { cause: error });
  }
};

const callerName = (context: Context): string => {
  const name = context.req.header('x-reeve-user') ?? '';
  return /^[a-zA-Z0-9_.@-]{1,64}$/.test(name) ? name : 'unknown';
};

const STATUS = { refusal: 400, failure: 502, defect: 500 } as const;

const failWith = (context: Context, error: unknown, options: ServerOptions): Response => {
  const report = redactReport(toReport(error), options.redact);
  const status = report.code.endsWith('.unknown') ? 404 : STATUS[report.kind];
  return context.json(report, status);
};
