// A stand for trials of the builtin edge: its own state folder and port, small instances behind it, clients before it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuiltinEdge, openBuiltinEdge } from '../../src/edge/builtin/open-builtin-edge.ts';
import type { EdgeLimits } from '../../src/edge/builtin/edge-core.ts';
import type { EdgeService, EdgeSite } from '../../src/model/edge.ts';
import { edgeFolder, type Layout } from '../../src/model/layout.ts';

export type StandInstance = {
  readonly port: number;
  readonly server: Server;
  /** Its listener and every connection to it. */
  readonly kill: () => void;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
};

export type Call = {
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
};

export type EdgeStand = {
  readonly layout: Layout;
  readonly folder: string;
  readonly port: number;
  readonly edge: BuiltinEdge;
  /** What the edge's keeper noticed. */
  readonly noticed: readonly string[];
  readonly call: (call?: Call) => Promise<Answer>;
  /** Sends bytes as they are, and gives what came until the edge closed or was quiet for a moment. */
  readonly raw: (bytes: string) => Promise<string>;
  readonly dial: () => Promise<Socket>;
  readonly instance: (listener: RequestListener) => Promise<StandInstance>;
  /** An instance that is all there is of the site: service web, slot 1, blue. */
  readonly serve: (listener: RequestListener) => Promise<StandInstance>;
  /** The same with bytes: whatever comes is answered by hand. */
  readonly serveBytes: (answer: (socket: Socket) => void) => Promise<void>;
  readonly configure: (services: readonly Partial<EdgeService>[]) => Promise<void>;
  /** Greens, and what is held or in maintenance. */
  readonly flag: (
    greens: readonly string[],
    held?: readonly string[],
    maintenance?: readonly string[],
  ) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const STAND_HOST = 'shop.localhost';

export const openEdgeStand = async (
  options: {
    readonly limits?: Partial<EdgeLimits>;
    readonly trusted?: readonly string[];
    readonly home?: string;
    readonly port?: number;
  } = {},
): Promise<EdgeStand> => {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'reeve-edge-'));
  const layout = { home, socket: join(home, 'agent.sock') };
  const port = options.port ?? (await freePort());
  const noticed: string[] = [];
  const instances: StandInstance[] = [];
  const edge = openBuiltinEdge({
    layout,
    listen: { host: '127.0.0.1', port },
    noticed: (words) => noticed.push(words),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.trusted ? { trusted: options.trusted } : {}),
  });
  const sockets = new Set<Socket>();
  const configure = (services: readonly Partial<EdgeService>[]): Promise<void> =>
    edge.configure('shop', shopSite(services));
  const instance = async (listener: RequestListener): Promise<StandInstance> => {
    const opened = await openInstance(listener);
    instances.push(opened);
    return opened;
  };
  const serveAt = async (blue: number): Promise<void> =>
    configure([{ slots: [{ slot: 1, blue, green: await freePort() }] }]);
  await edge.ensureRunning();
  return {
    layout,
    folder: edgeFolder(layout),
    port,
    edge,
    noticed,
    call: (call) => callDoor(port, call),
    raw: (bytes) => exchangeBytes(port, bytes),
    dial: () => dial(port),
    instance,
    serve: async (listener) => {
      const opened = await instance(listener);
      await serveAt(opened.port);
      return opened;
    },
    serveBytes: async (answer) => {
      const server = createSocketServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('data', () => answer(socket));
      });
      server.unref();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      await serveAt((server.address() as AddressInfo).port);
    },
    configure,
    flag: (greens, held = [], maintenance = []) =>
      edge.switch('shop', {
        seats: Object.fromEntries(greens.map((key) => [key, 'green' as const])),
        held,
        maintenance,
      }),
    close: async () => {
      await edge.stop();
      await edge.close();
      for (const opened of instances) opened.kill();
      for (const socket of sockets) socket.destroy();
      const log = readFileSync(join(edgeFolder(layout), 'edge.log'), 'utf8');
      rmSync(home, { recursive: true, force: true });
      // The edge survives its own mistakes; a trial does not.
      if (log.includes('goes on after')) throw new Error(log);
    },
  };
};

/** A site of stack `shop`, with what is left out filled in. */
const shopSite = (services: readonly Partial<EdgeService>[]): EdgeSite => ({
  stack: 'shop',
  services: services.map((service) => ({
    service: 'web',
    routes: [{ host: STAND_HOST, path: '/', stripPath: false }],
    slots: [],
    holdMs: 5000,
    ...service,
  })),
});

const openInstance = async (listener: RequestListener): Promise<StandInstance> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    kill: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** A port that nobody listens on, at the moment. */
export const freePort = async (): Promise<number> => {
  const server = createSocketServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** One request on a connection of its own; rejects where the answer breaks off. */
export const callDoor = (port: number, call: Call = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port,
        method: call.method ?? 'GET',
        path: call.path ?? '/',
        headers: { host: call.host ?? STAND_HOST, ...call.headers },
        agent: false,
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            rawHeaders: res.rawHeaders,
            trailers: res.trailers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    req.on('error', reject);
    req.end(call.body);
  });

const dial = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });

const QUIET_MS = 400;

const exchangeBytes = async (port: number, bytes: string): Promise<string> => {
  const socket = await dial(port);
  let text = '';
  return new Promise((resolve) => {
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('error', done);
    socket.on('close', done);
    socket.setTimeout(QUIET_MS, done);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
};

/** Answers with what it was asked, as JSON. */
export const echo: RequestListener = (req, res) => {
  text(req).then(
    (body) => res.end(JSON.stringify({ method: req.method, url: req.url, body, headers: req.headers })),
    () => res.destroy(),
  );
};
