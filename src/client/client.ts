// The typed caller of the agent: api/wire.ts over a unix socket, and nothing heavier, so that a command starts cold in
// milliseconds. It knows calls and how they fail to arrive; it must never know what a terminal is.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Call, type CallName, CALLS, type CallTypes, type ErrorReport } from '../api/wire.ts';
import { request } from '../kit/node-http.ts';
import { fromReport } from '../model/error.ts';
import { agentNotUnderstood, agentSilent, agentUnreachable } from './lost-agent.ts';
import { readJsonLines } from './read-json-lines.ts';
import { watchSilence } from './silence.ts';

type CallsAnswering<A extends Call['answers']> = {
  [K in CallName]: (typeof CALLS)[K]['answers'] extends A ? K : never;
}[CallName];

/** Calls with one answer, and calls that answer line by line. */
export type AnsweredCall = CallsAnswering<'json' | 'text'>;
export type StreamedCall = CallsAnswering<'lines'>;

export type AnswerOf<K extends CallName> = CallTypes[K]['answer'];

type PartOf<K extends CallName, P extends 'params' | 'body'> =
  CallTypes[K] extends Record<P, infer T> ? Readonly<Record<P, T>> : unknown;
type QueryOf<K extends CallName> = CallTypes[K] extends { readonly query: infer T }
  ? { readonly query?: T }
  : unknown;

/** What a call is given; `signal` hangs up. */
export type GivenOf<K extends CallName> = PartOf<K, 'params'> &
  PartOf<K, 'body'> &
  QueryOf<K> & { readonly signal?: AbortSignal };

type Arguments<K extends CallName> = object extends GivenOf<K> ? [given?: GivenOf<K>] : [given: GivenOf<K>];

export type Client = {
  /**
   * One question, one answer. Throws what the agent reported (Refusal, Failure, Defect) or a Failure of its own:
   * `agent.absent` (exit 69), `agent.silent` (69), `agent.no-access`, `agent.hung-up`, `agent.not-understood`.
   */
  readonly call: <K extends AnsweredCall>(name: K, ...given: Arguments<K>) => Promise<AnswerOf<K>>;
  /** The same, line by line as they come; leaving the loop hangs up. */
  readonly stream: <K extends StreamedCall>(name: K, ...given: Arguments<K>) => AsyncIterable<AnswerOf<K>>;
};

export type ClientOptions = {
  /** Path of the agent's unix socket. */
  readonly socket: string;
  /** Who asks, for the audit log. */
  readonly user?: string;
  /** After how long without an answer the agent is asked whether it is there, and how long that may take. */
  readonly silenceMs?: number;
};

const SILENCE_MS = 7_500;

/** Opens nothing yet: every call has its own connection, so there is nothing to close. */
export const openClient = (options: ClientOptions): Client => {
  const { socket } = options;
  const send = async (name: CallName, given: LooseGiven): Promise<IncomingMessage> => {
    const response = await exchange(options, CALLS[name], given);
    if (response.statusCode === 200) return response;
    throw await readError(name, response);
  };

  const call = async (name: CallName, given: LooseGiven = {}): Promise<unknown> => {
    try {
      const text = await readText(await send(name, given));
      return CALLS[name].answers === 'text' ? text : parseJson(name, text);
    } catch (error) {
      throw agentUnreachable(error, socket, given.signal);
    }
  };

  async function* stream(name: CallName, given: LooseGiven = {}): AsyncIterable<unknown> {
    try {
      for await (const text of readJsonLines(await send(name, given))) {
        const line = parseJson(name, text);
        if (isErrorLine(line)) throw fromReport(line.error);
        yield line;
      }
    } catch (error) {
      throw agentUnreachable(error, socket, given.signal);
    }
  }

  return { call, stream } as Client;
};

type LooseGiven = {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

const exchange = (
  { socket, user = '', silenceMs = SILENCE_MS }: ClientOptions,
  call: Call,
  given: LooseGiven,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const body = given.body === undefined ? null : Buffer.from(JSON.stringify(given.body));
    const sent: ClientRequest = request({
      socketPath: socket,
      method: call.method,
      path: fillPath(call.path, given),
      agent: false,
      headers: {
        host: 'reeve',
        ...(user === '' ? {} : { 'x-reeve-user': user }),
        ...(body ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
      },
      ...(given.signal ? { signal: given.signal } : {}),
    });
    sent.once('response', resolve);
    sent.once('error', reject);
    watchSilence(sent, { socket, silenceMs }, () => sent.destroy(agentSilent(socket, silenceMs)));
    sent.end(body ?? undefined);
  });

const fillPath = (path: string, { params = {}, query = {} }: LooseGiven): string => {
  const filled = path.replace(/:(\w+)/g, (_part, key: string) => encodeURIComponent(String(params[key])));
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  if (pairs.length === 0) return filled;
  return `${filled}?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString()}`;
};

const readText = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const parseJson = (name: CallName, text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw agentNotUnderstood(name, text, error);
  }
};

const readError = async (name: CallName, response: IncomingMessage): Promise<Error> => {
  const text = await readText(response);
  const report = parseJson(name, text);
  return isReport(report) ? fromReport(report) : agentNotUnderstood(name, text);
};

const isReport = (value: unknown): value is ErrorReport => {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, code, message, exit } = value as Partial<ErrorReport>;
  return [kind, code, message].every((part) => typeof part === 'string') && Number.isInteger(exit);
};

// A stream that breaks after it began can not have another status: its last line is the error, and only that.
const isErrorLine = (line: unknown): line is { readonly error: ErrorReport } =>
  typeof line === 'object' &&
  line !== null &&
  Object.keys(line).length === 1 &&
  isReport((line as { readonly error?: unknown }).error);
