// The public door: a listener on loopback, strict about what it takes for HTTP and patient only so far.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from '../../kit/node-http.ts';
import { countOwnAnswer, type EdgeCore, requestIdOf } from './edge-core.ts';
import { type EdgeReason, edgePage, rawPage } from './edge-page.ts';
import { Exchange } from './exchange.ts';
import { isUpgradeServed, Upgrade } from './upgrade.ts';

const HEADER_BYTES = 32_768;
/** Longer than what clients keep idle connections for, so that it is seldom the edge that closes one. */
const KEEP_ALIVE_MS = 75_000;
const STOP_LOOK_MS = 20;

/** What is known about one client connection. */
type ClientConnection = { last: ServerResponse | null; exchange: Exchange | null; hasFailed: boolean };

export class PublicServer {
  readonly #core: EdgeCore;
  readonly #servers: Server[] = [];
  readonly #connections = new WeakMap<object, ClientConnection>();
  /** Connections that are no longer HTTP; the servers do not know them any more. */
  readonly #upgraded = new Set<Socket>();

  constructor(core: EdgeCore) {
    this.#core = core;
  }

  get upgraded(): number {
    return this.#upgraded.size;
  }

  async connections(): Promise<number> {
    const counts = this.#servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.getConnections((error, count) => resolve(error ? 0 : count));
        }),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Opens one more address; resolves with its port. */
  listen(host: string, port: number): Promise<number> {
    const server = this.#create();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 4096, ipv6Only: true }, () => {
        server.off('error', reject);
        // Out of descriptors while it accepts: the next connection may have more luck.
        server.on('error', () => undefined);
        this.#servers.push(server);
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** Takes no new connection, lets requests finish until the deadline, then cuts what is left. */
  async stop(deadlineMs: number): Promise<void> {
    this.#core.isStopping = true;
    this.#core.room.clear();
    for (const server of this.#servers) server.close();
    const until = performance.now() + deadlineMs;
    while (performance.now() < until && (await this.connections()) > 0) {
      for (const server of this.#servers) server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, STOP_LOOK_MS));
    }
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
  }

  #create(): Server {
    const { limits } = this.#core;
    const server = createServer({
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: limits.headerMs,
      // A whole upload may take as long as it takes; `timeout` below ends the one that stands still.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1000, limits.headerMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      insecureHTTPParser: false,
      requireHostHeader: true,
      shouldUpgradeCallback: isUpgradeServed,
    });
    // With a limit, Node drops the fields beyond it without a word.
    server.maxHeadersCount = 0;
    server.timeout = limits.stallMs;
    server.on('request', (req, res) => this.#inTurn(req, res, false));
    server.on('checkContinue', (req, res) => this.#inTurn(req, res, true));
    server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket as Socket, head));
    server.on('connect', (req, socket) => this.#refuseConnect(req, socket as Socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#clientFailed(error, socket as Socket),
    );
    server.on('timeout', (socket: Socket) => this.#stalled(socket));
    return server;
  }

  // Pipelined requests are served one after the other: what they do may depend on their order (RFC 9112 section 9.3.2).
  #inTurn(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connectionOf(req.socket);
    const exchange = new Exchange(this.#core, req, res, expectsContinue);
    const before = connection.last;
    connection.last = res;
    const begin = (): void => {
      connection.exchange = exchange;
      if (!req.socket.destroyed) exchange.begin();
    };
    if (before === null || before.closed) begin();
    else before.once('close', begin);
  }

  #upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    const before = this.#connectionOf(socket).last;
    const begin = (): void => new Upgrade(this.#core, req, socket, head).begin();
    if (before === null || before.closed) begin();
    else before.once('close', begin);
  }

  #refuseConnect(req: IncomingMessage, socket: Socket): void {
    socket.on('error', () => undefined);
    countOwnAnswer(this.#core, 'method-not-allowed');
    socket.end(rawPage(pageFor('method-not-allowed', req.headers.accept)));
  }

  // Node's parser gave up on what came. A request before it on the same connection still gets its answer; one whose
  // own body broke gets this one.
  #clientFailed(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#connectionOf(socket);
    if (connection.hasFailed || socket.destroyed) return;
    connection.hasFailed = true;
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable) {
      socket.destroy();
      return;
    }
    const reason = reasonOf(error);
    const { last, exchange } = connection;
    if (last && !last.closed && !last.req.complete) {
      last.once('close', () => socket.destroySoon());
      exchange?.refuse(reason);
    } else if (last && !last.closed) {
      last.once('close', () => this.#endWith(socket, reason));
    } else {
      this.#endWith(socket, reason);
    }
  }

  #endWith(socket: Socket, reason: EdgeReason): void {
    if (!socket.writable) return;
    countOwnAnswer(this.#core, reason);
    socket.end(rawPage(pageFor(reason, undefined)), () => socket.destroySoon());
  }

  // A quiet connection is ended where it is the client that is waited for; a silent event stream is not.
  #stalled(socket: Socket): void {
    const { last, exchange } = this.#connectionOf(socket);
    if (last === null || last.closed) socket.destroy();
    else if (exchange?.waitsForClient) {
      last.once('close', () => socket.destroySoon());
      exchange.refuse('request-stalled');
    }
  }

  #connectionOf(socket: Socket): ClientConnection {
    let connection = this.#connections.get(socket);
    if (!connection) {
      connection = { last: null, exchange: null, hasFailed: false };
      this.#connections.set(socket, connection);
    }
    return connection;
  }
}

const pageFor = (reason: EdgeReason, accept: string | undefined): ReturnType<typeof edgePage> =>
  edgePage({ reason, requestId: requestIdOf(undefined), accept });

const reasonOf = (error: NodeJS.ErrnoException): EdgeReason => {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'header-too-large';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-stalled';
  return 'bad-request';
};
