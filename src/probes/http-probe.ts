import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from '../kit/node-http.ts';
import type { Probe } from '../model/stack.ts';
import { type HealthBody, parseHealthBody } from './health-body.ts';
import { firstLine } from './one-line.ts';
import { isOurWant, type RawAnswer } from './raw-answer.ts';

type HttpProbe = Extract<Probe, { kind: 'http' }>;

const BODY_BYTES = 64 * 1024;

/**
 * One GET over a connection of its own, closed afterwards: a kept one would hold a dying instance open, and would prove
 * nothing about new connections. Redirects are answers.
 */
export const probeHttp = async (probe: HttpProbe, port: number, signal: AbortSignal): Promise<RawAnswer> => {
  signal.throwIfAborted();
  const began = performance.now();
  const sent = request({
    host: '127.0.0.1',
    port,
    path: probe.path,
    headers: { 'user-agent': 'reeve-probe', accept: '*/*', ...(probe.host ? { host: probe.host } : {}) },
    agent: false,
    signal,
  });
  try {
    const response = await responseTo(sent);
    const tookMs = performance.now() - began;
    return judge(probe, response, await readBody(probe, response), tookMs);
  } catch (error) {
    signal.throwIfAborted();
    if (isOurWant(error)) throw error;
    return judgeError(error, port);
  } finally {
    sent.destroy();
  }
};

const responseTo = (sent: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    sent.once('response', resolve);
    // It stays, for what becomes of the connection afterwards is nobody's business.
    sent.on('error', reject);
    sent.end();
  });

type Body = { readonly text: string; readonly said: HealthBody | null };

const judge = (
  probe: HttpProbe,
  { statusCode = 0, headers }: IncomingMessage,
  { text, said }: Body,
  tookMs: number,
): RawAnswer => {
  const progress = said?.progress ?? null;
  const isExpected = isExpectedStatus(probe, statusCode);
  if (said?.state === 'degraded' || said?.state === 'starting') {
    return { state: said.state, words: said.words ?? progressWords(said), progress };
  }
  if (isExpected && said?.state === 'unhealthy') {
    const words = said.words ?? 'and its body says that it is unhealthy';
    return { state: 'unhealthy', words: `${statusCode}: ${words}`, progress, cause: 'wrong-answer' };
  }
  if (isExpected) {
    return { state: 'healthy', words: said?.words ?? `${statusCode} in ${Math.round(tookMs)} ms`, progress };
  }
  const expected = probe.expectStatus === null ? 'a 2xx status' : `status ${probe.expectStatus}`;
  const { location } = headers;
  const to = typeof location === 'string' ? ` to ${location}` : '';
  const detail = to === '' ? (said ? said.words : firstLine(text)) : null;
  const words = `${statusCode}${to}, expected ${expected}${detail ? `: ${detail}` : ''}`;
  return { state: 'unhealthy', words, progress, cause: 'wrong-answer' };
};

const isExpectedStatus = ({ expectStatus }: HttpProbe, status: number): boolean =>
  expectStatus === null ? status >= 200 && status < 300 : status === expectStatus;

const progressWords = ({ state, progress }: HealthBody): string =>
  progress === null ? String(state) : `${state}, ${Math.round(progress * 100)}%`;

// A good answer's body matters only where it may say more than its status.
const readBody = async (probe: HttpProbe, response: IncomingMessage): Promise<Body> => {
  // Destroyed before its end, it says so; nobody has to hear it.
  response.on('error', () => undefined);
  const isJson = String(response.headers['content-type'] ?? '').includes('json');
  if (!isJson && isExpectedStatus(probe, response.statusCode ?? 0)) return { text: '', said: null };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= BODY_BYTES) break;
  }
  const text = Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
  return { text, said: isJson ? parseHealthBody(text) : null };
};

const judgeError = (error: unknown, port: number): RawAnswer => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') {
    return { state: 'unhealthy', words: `connection refused on port ${port}`, cause: 'refused' };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const words = `port ${port} closed the connection without a whole answer`;
    return { state: 'unhealthy', words, cause: 'wrong-answer' };
  }
  if (code.startsWith('HPE_')) {
    return { state: 'unhealthy', words: `port ${port} does not speak HTTP`, cause: 'wrong-answer' };
  }
  return { state: 'unhealthy', words: message };
};
