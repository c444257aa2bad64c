import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadTarget, optionsFor } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { expectSame } from './tally.ts';
import { acceptKey, closeFrame, encodeFrame, type Frame, FrameReader, OPCODE } from './web-socket-frames.ts';

/** How a conversation ended: with the peer's close frame, or with no more than the end of the connection. */
export type WebSocketEnd = {
  readonly at: number;
  readonly closeCode: number | null;
  readonly error: string | null;
};

export type OpenWebSocket = {
  /** Sends one message; resolves when it came back, throws where something else came, or nothing. */
  readonly echo: (message: string) => Promise<void>;
  /** Sends a close; resolves when the connection has ended. */
  readonly close: () => Promise<WebSocketEnd>;
  readonly ended: Promise<WebSocketEnd>;
};

const NORMAL = 1000;
const ECHO_MS = 10_000;

export const openWebSocket = async (target: LoadTarget): Promise<OpenWebSocket> => {
  const key = randomBytes(16).toString('base64');
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  };
  const { signal: _patience, ...options } = optionsFor(target, { path: '/socket', headers });
  const sent = request(options);
  sent.end();
  const answered = await Promise.race([
    once(sent, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>,
    once(sent, 'response').then(([response]) => {
      const { statusCode, headers: answer } = response as IncomingMessage;
      throw new Error(`status ${statusCode} (${String(answer['x-reeve-edge'])}) instead of 101`);
    }),
  ]);
  const [{ headers: answer }, socket, head] = answered;
  expectSame('Sec-WebSocket-Accept', answer['sec-websocket-accept'], acceptKey(key));
  return converse(socket, head);
};

const converse = (socket: Socket, head: Buffer): OpenWebSocket => {
  const reader = new FrameReader();
  const arrived: Frame[] = [];
  let wake = (): void => undefined;
  let closeCode: number | null = null;
  let hasSentClose = false;
  let failure: string | null = null;
  const receive = (bytes: Buffer): void => {
    for (const frame of reader.push(bytes)) {
      if (frame.opcode === OPCODE.close) {
        closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : NORMAL;
        if (!hasSentClose) socket.end(closeFrame(closeCode, true));
        hasSentClose = true;
      } else arrived.push(frame);
    }
    wake();
  };
  const { promise: ended, resolve } = Promise.withResolvers<WebSocketEnd>();
  socket.on('data', receive);
  socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message));
  socket.once('close', () => {
    resolve({ at: Date.now(), closeCode, error: failure });
    wake();
  });
  if (head.length > 0) receive(head);

  const next = async (): Promise<Frame> => {
    const signal = AbortSignal.timeout(ECHO_MS);
    for (;;) {
      const frame = arrived.shift();
      if (frame) return frame;
      if (socket.closed) throw new Error(`cut (${failure ?? 'end of the connection'}, close ${closeCode})`);
      if (signal.aborted) throw new Error(`no echo within ${ECHO_MS} ms`);
      const { promise, resolve: woken } = Promise.withResolvers<void>();
      wake = woken;
      signal.addEventListener('abort', () => woken(), { once: true });
      await promise;
    }
  };
  return {
    ended,
    echo: async (message) => {
      socket.write(encodeFrame(OPCODE.text, Buffer.from(message), true));
      expectSame('the echo', (await next()).payload.toString(), message);
    },
    close: () => {
      if (!hasSentClose) socket.write(closeFrame(NORMAL, true));
      hasSentClose = true;
      return ended;
    },
  };
};

/** Opens, has a number of messages echoed, and closes with a handshake: one request. */
export const webSocketClient = (options: {
  readonly messages: number;
  readonly everyMs: number;
  readonly pauseMs: number;
}): LoadClient => ({
  pauseMs: options.pauseMs,
  turn: (target, tally) =>
    tally.count('WebSocket', async () => {
      const socket = await openWebSocket(target);
      for (let message = 1; message <= options.messages; message += 1) {
        await socket.echo(`message ${message} ${'y'.repeat(message * 40)}`);
        await sleep(options.everyMs);
      }
      const { closeCode, error } = await socket.close();
      expectSame('close', `${closeCode} ${error ?? 'without an error'}`, `${NORMAL} without an error`);
    }),
});
