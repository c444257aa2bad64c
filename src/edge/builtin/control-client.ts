import type { IncomingMessage } from 'node:http';
import { request } from '../../kit/node-http.ts';
import { Failure, wordsOf } from '../../model/error.ts';
import { type ControlCalls, LINE_PATH } from './control-api.ts';
import { CONTROL_SOCKET } from './edge-paths.ts';
import { withSocketPath } from './short-socket-path.ts';

const CALL_MS = 5000;

/** One call to the edge's process. Failure `edge.not-reached` where nobody answers. */
export const callControl = <Path extends keyof ControlCalls>(
  folder: string,
  path: Path,
  options: { readonly query?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {},
): Promise<ControlCalls[Path]> =>
  new Promise((resolve, reject) => {
    const search = new URLSearchParams(options.query).toString();
    const failed = (why: string): void => reject(notReached(folder, why));
    open(folder, `${path}?${search}`, {
      answered: (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', (error) => failed(wordsOf(error)));
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (res.statusCode === 200) resolve(JSON.parse(text) as ControlCalls[Path]);
          else failed(text);
        });
      },
      failed,
      timeoutMs: options.timeoutMs ?? CALL_MS,
    });
  });

/**
 * Holds a connection to the edge's process open. Resolves once it is there; `ended` is called once when it closes,
 * which is milliseconds after the process died. The answer lets go of it without a word.
 */
export const holdLine = (folder: string, ended: () => void): Promise<() => void> =>
  new Promise((resolve, reject) => {
    let hasLetGo = false;
    open(folder, LINE_PATH, {
      answered: (res) => {
        res.resume();
        res.on('error', () => undefined);
        res.once('close', () => {
          if (!hasLetGo) ended();
        });
        res.socket.unref();
        res.socket.setTimeout(0);
        resolve(() => {
          hasLetGo = true;
          res.destroy();
        });
      },
      failed: (why) => reject(notReached(folder, why)),
      timeoutMs: CALL_MS,
    });
  });

const open = (
  folder: string,
  path: string,
  on: {
    readonly answered: (res: IncomingMessage) => void;
    readonly failed: (why: string) => void;
    readonly timeoutMs: number;
  },
): void => {
  withSocketPath(folder, CONTROL_SOCKET, (socketPath, done) => {
    const req = request(
      { socketPath, path, method: 'POST', agent: false, timeout: on.timeoutMs },
      on.answered,
    );
    req.on('socket', (socket) => {
      socket.once('connect', done);
      socket.once('close', done);
    });
    req.on('timeout', () => req.destroy(new Error(`no answer within ${on.timeoutMs} ms`)));
    req.on('error', (error) => {
      done();
      on.failed(wordsOf(error));
    });
    req.end();
  });
};

const notReached = (folder: string, why: string): Failure =>
  new Failure('edge.not-reached', `Cannot reach the edge of "${folder}": ${why}, its process has to answer`, {
    fix: 'look at edge.log in that folder, or start the agent again: it starts the edge where it does not run',
    retryable: true,
  });
