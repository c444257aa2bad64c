import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from '../../kit/node-http.ts';
import { Failure, wordsOf } from '../../model/error.ts';
import { tokenPath } from './edge-paths.ts';
import { readEdgeRecord } from './edge-record.ts';
import { ASK_HEADER } from './forward-headers.ts';

export type DoorAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders };

/**
 * A GET through the public door, with the token that makes the edge tell more. Rejects with the signal's reason when
 * it aborts; Failure `edge.not-reached` where the door is closed.
 */
export const askDoor = async (
  folder: string,
  asked: {
    readonly host: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<DoorAnswer> => {
  signal.throwIfAborted();
  const record = readEdgeRecord(folder);
  if (!record) throw doorClosed(folder, 'it does not run');
  const token = readFileSync(tokenPath(folder), 'utf8').trim();
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: addressToAsk(record.host),
        port: record.port,
        path: asked.path,
        headers: { host: asked.host, [ASK_HEADER]: token, 'user-agent': 'reeve', ...asked.headers },
        agent: false,
        signal,
      },
      (res) => {
        resolve({ status: res.statusCode ?? 0, headers: res.headers });
        // The header is the answer; the body of an event stream has no end.
        res.on('error', () => undefined);
        res.destroy();
      },
    );
    req.on('error', (error) => reject(signal.aborted ? signal.reason : doorClosed(folder, wordsOf(error))));
    req.end();
  });
};

// A door that is open on every address is asked on loopback.
const addressToAsk = (host: string): string =>
  host === '0.0.0.0' || host === 'localhost' ? '127.0.0.1' : host === '::' ? '::1' : host;

const doorClosed = (folder: string, why: string): Failure =>
  new Failure(
    'edge.not-reached',
    `Cannot ask the public door of the edge of "${folder}": ${why}, an answer is required`,
    {
      retryable: true,
    },
  );
