// One request to the edge and its whole answer. It is never sent a second time.
import { type Agent, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expectSame } from './tally.ts';

export type LoadTarget = {
  /** Of the edge, on loopback. */
  readonly port: number;
  readonly host: string;
};

export type Asked = {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without one, a connection of its own. */
  readonly agent?: Agent;
  /** What is sent; absent: nothing. */
  readonly send?: Buffer;
};

/** Longer than anything that a target does on purpose. */
const PATIENCE_MS = 30_000;

export const optionsFor = ({ port, host }: LoadTarget, asked: Asked): RequestOptions => ({
  host: '127.0.0.1',
  port,
  path: asked.path,
  method: asked.method ?? 'GET',
  agent: asked.agent ?? false,
  headers: { host, ...asked.headers },
  signal: AbortSignal.timeout(PATIENCE_MS),
});

/** The head of an answer that the program gave; throws where it is not a 200, or the edge answered in its place. */
export const askForHead = (target: LoadTarget, asked: Asked): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const sent = request(optionsFor(target, asked));
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.on('error', reject);
      try {
        mustBeOfTheProgram(response);
        resolve(response);
      } catch (error) {
        response.resume();
        reject(error);
      }
    });
    sent.end(asked.send);
  });

/** The body of the answer. */
export const ask = async (target: LoadTarget, asked: Asked): Promise<Buffer> =>
  buffer(await askForHead(target, asked));

export const mustBeOfTheProgram = ({ headers, statusCode }: IncomingMessage): void => {
  const edge = headers['x-reeve-edge'];
  if (edge !== undefined) throw new Error(`the edge answered: ${String(edge)}`);
  expectSame('status', statusCode, 200);
};
