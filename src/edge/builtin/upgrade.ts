// Connections that stop being HTTP (WebSocket, RFC 6455): once the instance agrees, bytes are passed on as they are.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { request } from '../../kit/node-http.ts';
import { countOwnAnswer, type EdgeCore, requestIdOf } from './edge-core.ts';
import { type EdgeReason, edgePage, rawPage } from './edge-page.ts';
import { requestHeaders } from './forward-headers.ts';
import { readRequest, type RequestTarget } from './read-request.ts';
import { type RouteMatch, stripPrefix } from './route-table.ts';
import type { RoutedTarget } from './site-book.ts';
import type { Upstream } from './upstream.ts';
import type { Waiting } from './waiting-room.ts';

/** TCP keep-alive finds the clients that vanished without a word. */
const KEEP_ALIVE_MS = 30_000;

/** Whether a request's `Upgrade` is passed on. HTTP/2 is offered by clients that are content without it. */
export const isUpgradeServed = (req: IncomingMessage): boolean =>
  req.method === 'GET' && !/\bh2c?\b/i.test(req.headers.upgrade ?? '');

/** One connection from its upgrade request until both sides are closed. Counted in flight for its instance all that time. */
export class Upgrade {
  readonly #core: EdgeCore;
  readonly #req: IncomingMessage;
  readonly #client: Socket;
  readonly #head: Buffer;
  readonly #requestId: string;
  readonly #startedAt = performance.now();
  readonly #tried: Upstream[] = [];
  #target: RequestTarget | null = null;
  #waitsUntil = 0;

  constructor(core: EdgeCore, req: IncomingMessage, client: Socket, head: Buffer) {
    this.#core = core;
    this.#req = req;
    this.#client = client;
    this.#head = head;
    this.#requestId = requestIdOf(req.headers['x-request-id']);
  }

  begin(): void {
    // `close` follows, and tells.
    this.#client.on('error', () => undefined);
    this.#req.socket.setTimeout(0);
    const reading = readRequest(this.#req);
    if (reading.refused !== null) return this.#refuse(reading.refused);
    this.#target = reading.target;
    this.#proceed();
  }

  #proceed(): void {
    if (this.#client.destroyed) return;
    const { host, path } = this.#target!;
    const match = this.#core.book.lookUp(host, path);
    if (!match) return this.#refuse('no-route');
    const { site, target } = match.target;
    site.refresh();
    if (target.isInMaintenance) return this.#refuse('maintenance');
    if (target.isHeld) return this.#wait(match);
    const upstream = target.choose(this.#tried, performance.now());
    if (upstream) this.#send(match, upstream);
    else this.#refuse(target.active.length === 0 ? 'no-instance' : 'upstream-refused');
  }

  #wait(match: RouteMatch<RoutedTarget>): void {
    if (this.#waitsUntil === 0) this.#waitsUntil = performance.now() + match.target.target.holdMs;
    const left = (): void => this.#core.room.leave(waiting);
    const waiting: Waiting = {
      routed: match.target,
      until: this.#waitsUntil,
      released: () => {
        this.#client.off('close', left);
        this.#tried.length = 0;
        this.#proceed();
      },
      expired: () => this.#refuse(this.#core.isStopping ? 'edge-stops' : 'held-too-long'),
    };
    if (!this.#core.room.enter(waiting)) return this.#refuse('waiting-room-full');
    this.#client.once('close', left);
  }

  #send({ route, target: { target } }: RouteMatch<RoutedTarget>, upstream: Upstream): void {
    upstream.requests += 1;
    upstream.inFlight += 1;
    let isCounted = true;
    let isLate = false;
    const ended = (): void => {
      if (isCounted) upstream.inFlight -= 1;
      isCounted = false;
    };
    const isStripped = route.stripPath && route.path !== '/';
    const { authority, target: url } = this.#target!;
    const outgoing = request({
      host: '127.0.0.1',
      port: upstream.place.port,
      method: 'GET',
      path: isStripped ? stripPrefix(route.path, url) : url,
      headers: requestHeaders(this.#req.rawHeaders, {
        host: authority,
        requestId: this.#requestId,
        peer: this.#req.socket.remoteAddress ?? '',
        trusted: this.#core.trusted,
        strippedPrefix: isStripped ? route.path : null,
        isUpgrade: true,
      }),
      agent: false,
    });
    const gone = (): void => {
      outgoing.destroy();
      ended();
    };
    this.#client.once('close', gone);
    outgoing.on('upgrade', (answer, server, first) => {
      target.counts.answered(101, performance.now() - this.#startedAt);
      this.#join(answer, server as Socket, first);
      server.once('close', ended);
    });
    outgoing.on('response', (answer) => {
      if ((answer.statusCode ?? 0) >= 500) upstream.errors += 1;
      target.counts.answered(answer.statusCode ?? 0, performance.now() - this.#startedAt);
      this.#passAnswer(answer);
      answer.once('close', ended);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      ended();
      this.#client.off('close', gone);
      if (this.#client.destroyed) return;
      const isRefused = error.code === 'ECONNREFUSED';
      if (isRefused) this.#tried.push(upstream);
      if (isRefused && target.active.some((other) => !this.#tried.includes(other))) return this.#proceed();
      upstream.failed += 1;
      this.#refuse(isRefused ? 'upstream-refused' : isLate ? 'upstream-timeout' : 'upstream-reset');
    });
    outgoing.setTimeout(this.#core.limits.answerMs, () => {
      isLate = true;
      outgoing.destroy();
    });
    outgoing.end();
  }

  #join(answer: IncomingMessage, server: Socket, first: Buffer): void {
    const client = this.#client;
    this.#req.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    answer.socket.setTimeout(0);
    client.write(headOf(answer, fieldsWithout(answer, /^x-reeve-/i)), 'latin1');
    if (first.length > 0) client.write(first);
    if (this.#head.length > 0) server.write(this.#head);
    server.on('error', () => client.destroy());
    server.once('close', () => client.destroySoon());
    client.once('close', () => server.destroy());
    client.pipe(server);
    server.pipe(client);
  }

  // The instance said no, in its own words.
  #passAnswer(answer: IncomingMessage): void {
    const kept = fieldsWithout(answer, /^(connection|keep-alive|transfer-encoding|upgrade|x-reeve-.*)$/i);
    this.#client.write(headOf(answer, [...kept, 'Connection', 'close']), 'latin1');
    answer.pipe(this.#client);
  }

  #refuse(reason: EdgeReason): void {
    if (this.#client.destroyed) return;
    countOwnAnswer(this.#core, reason);
    this.#client.end(
      rawPage(edgePage({ reason, requestId: this.#requestId, accept: this.#req.headers.accept })),
    );
  }
}

const fieldsWithout = ({ rawHeaders }: IncomingMessage, names: RegExp): readonly string[] =>
  rawHeaders.filter((_, at) => !names.test(rawHeaders[at - (at % 2)]!));

const headOf = (answer: IncomingMessage, headers: readonly string[]): string => {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
};
