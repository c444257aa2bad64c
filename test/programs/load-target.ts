// A web service with every kind of answer that a deploy could break. ON_SIGTERM says how it ends: `gracefully` finishes
// what is open and hands each WebSocket a close, `abruptly` is gone at once, `never` waits for SIGKILL.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { payloadChunk } from '../worlds/load/payload.ts';
import { acceptKey, closeFrame, encodeFrame, FrameReader, OPCODE } from '../worlds/load/web-socket-frames.ts';

const GOING_AWAY = 1001;

const numberFrom = (url: URL, name: string): number => Number(url.searchParams.get(name));

const answers: Record<string, (url: URL, req: IncomingMessage, res: ServerResponse) => Promise<void>> = {
  '/': async (_url, _req, res) => void res.end(`release ${process.env.REEVE_RELEASE}`),
  '/up': async (_url, _req, res) => void res.end('up'),
  '/echo': async (_url, req, res) => void res.end(Buffer.concat(await req.toArray())),
  '/slow': async (url, _req, res) => {
    await sleep(numberFrom(url, 'ms'));
    res.end('at last');
  },
  '/events': async (url, _req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let id = 1; id <= numberFrom(url, 'count'); id += 1) {
      res.write(`id: ${id}\ndata: event ${id}\n\n`);
      await sleep(numberFrom(url, 'everyMs'));
    }
    res.end('event: end\ndata: end\n\n');
  },
  '/upload': async (_url, req, res) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of req) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    res.end(JSON.stringify({ bytes, hash: hash.digest('hex') }));
  },
  '/download': async (url, _req, res) => {
    for (let at = 0; at < numberFrom(url, 'chunks'); at += 1) {
      if (!res.write(payloadChunk(at))) await once(res, 'drain');
      await sleep(numberFrom(url, 'everyMs'));
    }
    res.end();
  },
};

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '/', 'http://target');
  const answer = answers[url.pathname];
  if (!answer) return void res.writeHead(404).end();
  answer(url, req, res).catch((error: unknown) => {
    console.error(`${req.method} ${req.url}:`, error);
    res.destroy();
  });
});

const webSockets = new Set<Socket>();
server.on('upgrade', (req, socket: Socket) => {
  const frames = new FrameReader();
  webSockets.add(socket);
  socket.once('close', () => webSockets.delete(socket));
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    for (const { opcode, payload } of frames.push(bytes)) {
      socket.write(encodeFrame(opcode, payload, false));
      if (opcode === OPCODE.close) socket.end();
    }
  });
  const accept = acceptKey(req.headers['sec-websocket-key'] ?? '');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
});

const endings: Record<string, () => void> = {
  gracefully: () => {
    server.close(() => process.exit(0));
    for (const socket of webSockets) socket.end(closeFrame(GOING_AWAY, false));
  },
  abruptly: () => process.exit(0),
  never: () => undefined,
};
process.on('SIGTERM', endings[process.env.ON_SIGTERM ?? 'gracefully']!);

server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('load-target: listening'));
