// A load of clients that keep their connections, send every third request as a POST, and never retry.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type LoadReport = {
  readonly requests: number;
  /** No whole answer came, or the edge answered in the program's place. */
  readonly dropped: number;
  /** The program itself answered with 500 or above. */
  readonly errors: number;
  readonly slowestMs: number;
  /** One line per distinct reason, with its count. */
  readonly reasons: readonly string[];
};

export type Load = { readonly stop: () => Promise<LoadReport> };

export type LoadTarget = {
  readonly port: number;
  readonly host: string;
  /** How many at once; 16 unless set. */
  readonly clients?: number;
};

const CLIENTS = 16;
const PAUSE_MS = 8;
/** Nobody waits longer. */
const PATIENCE_MS = 30_000;

export const startLoad = (target: LoadTarget): Load => {
  const totals = { requests: 0, dropped: 0, errors: 0, slowestMs: 0 };
  const reasons = new Map<string, number>();
  let isOver = false;

  const note = (reason: string): void => {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };

  const client = async (number: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = number; !isOver; turn += 1) {
      const began = performance.now();
      const answer = await send(target, agent, turn % 3 === 0);
      totals.requests += 1;
      totals.slowestMs = Math.max(totals.slowestMs, performance.now() - began);
      if (answer.kind === 'dropped') {
        totals.dropped += 1;
        note(answer.reason);
      } else if (answer.kind === 'error') {
        totals.errors += 1;
        note(answer.reason);
      }
      await sleep(PAUSE_MS);
    }
    agent.destroy();
  };

  const clients = Array.from({ length: target.clients ?? CLIENTS }, (_, number) => client(number));
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
      return { ...totals, reasons: [...reasons].map(([reason, count]) => `${count} x ${reason}`) };
    },
  };
};

type Answer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'error'; readonly reason: string };

const send = ({ port, host }: LoadTarget, agent: Agent, isPost: boolean): Promise<Answer> =>
  new Promise((resolve) => {
    const message = isPost ? JSON.stringify({ author: 'demo', text: 'hello' }) : '';
    const sent = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        method: isPost ? 'POST' : 'GET',
        path: isPost ? '/messages' : '/',
        headers: { host: `${host}:${port}`, 'content-length': Buffer.byteLength(message) },
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.on('error', (error) => resolve({ kind: 'dropped', reason: error.message }));
        response.on('end', () => {
          const edge = response.headers['x-reeve-edge'];
          if (edge !== undefined)
            resolve({ kind: 'dropped', reason: `${status} by the edge: ${String(edge)}` });
          else if (status >= 500) resolve({ kind: 'error', reason: `${status} by the program` });
          else resolve({ kind: 'ok' });
        });
        response.resume();
      },
    );
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    sent.on('error', (error) => resolve({ kind: 'dropped', reason: error.message }));
    sent.end(message);
  });
