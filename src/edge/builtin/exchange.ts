import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from '../../kit/node-http.ts';
import { Attempt, type AttemptEnd } from './attempt.ts';
import { countOwnAnswer, type EdgeCore, requestIdOf } from './edge-core.ts';
import { type EdgeReason, edgePage } from './edge-page.ts';
import { ASK_FOR_HEADER, ASK_HEADER, requestHeaders, ROUTE_HEADER } from './forward-headers.ts';
import { hasBody, readRequest, type RequestTarget } from './read-request.ts';
import { RequestBody } from './request-body.ts';
import { type RouteMatch, stripPrefix } from './route-table.ts';
import type { RoutedTarget } from './site-book.ts';
import type { Upstream } from './upstream.ts';
import type { Waiting } from './waiting-room.ts';

/** How long an instance that refused a connection is asked last. */
const SHUN_MS = 500;

// Sending these twice does what sending them once does (RFC 9110 section 9.2.2).
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

// What the client hears where no attempt brought an answer.
const REASONS = {
  refused: 'upstream-refused',
  reset: 'upstream-reset',
  timeout: 'upstream-timeout',
  invalid: 'upstream-invalid',
} as const satisfies Record<Exclude<AttemptEnd, 'answered' | 'cut'>, EdgeReason>;

/** One request of a client, from its route over waiting and attempts to its answer. */
export class Exchange {
  readonly #core: EdgeCore;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #requestId: string;
  readonly #startedAt = performance.now();
  readonly #tried: Upstream[] = [];
  readonly #expectsContinue: boolean;
  #target: RequestTarget | null = null;
  #attempt: Attempt | null = null;
  #waiting: Waiting | null = null;
  #waitsUntil = 0;
  #wasRepeated = false;

  constructor(core: EdgeCore, req: IncomingMessage, res: ServerResponse, expectsContinue: boolean) {
    this.#core = core;
    this.#req = req;
    this.#res = res;
    this.#expectsContinue = expectsContinue;
    this.#requestId = requestIdOf(req.headers['x-request-id']);
  }

  begin(): void {
    if (this.#core.isStopping) this.#res.shouldKeepAlive = false;
    const reading = readRequest(this.#req);
    if (reading.refused !== null) return this.refuse(reading.refused);
    this.#target = reading.target;
    this.#res.on('close', () => this.#closed());
    // A client that left while it was written to: `close` says what there is to say.
    this.#res.on('error', () => undefined);
    this.#proceed();
  }

  /** Whether it is the client that everything waits for; with the instance done, only it can be. */
  get waitsForClient(): boolean {
    return this.#attempt?.waitsForClient ?? this.#res.writableEnded;
  }

  /** Ends the exchange with a page of the edge, or where the answer has begun, with the connection. */
  refuse(reason: EdgeReason): void {
    if (this.#waiting) this.#core.room.leave(this.#waiting);
    this.#waiting = null;
    this.#attempt?.cancel();
    if (this.#res.headersSent) {
      this.#res.destroy();
      return;
    }
    if (this.#res.destroyed) return;
    countOwnAnswer(this.#core, reason);
    const page = edgePage({ reason, requestId: this.#requestId, accept: this.#req.headers.accept });
    if (reason === 'bad-request' || reason === 'request-stalled') this.#res.shouldKeepAlive = false;
    // With its own words: an instance's invalid ones may still be set.
    this.#res.writeHead(page.status, STATUS_CODES[page.status], [...page.headers]);
    this.#res.end(page.body);
  }

  // The route is looked up anew after a wait: sites may have changed meanwhile.
  #proceed(): void {
    const { host, path } = this.#target!;
    const match = this.#core.book.lookUp(host, path);
    const isAsked = this.#isAsked();
    if (!match) return this.refuse('no-route');
    if (isAsked && this.#req.headers[ASK_FOR_HEADER] === 'route') return this.#tellRoute(match);
    const { site, target } = match.target;
    site.refresh();
    if (target.isInMaintenance) return this.#refuseFor(match, 'maintenance');
    if (target.isHeld) return this.#wait(match);
    const upstream = target.choose(this.#tried, performance.now());
    if (upstream) this.#send(match, upstream, isAsked);
    else this.#refuseFor(match, target.active.length === 0 ? 'no-instance' : 'upstream-refused');
  }

  #wait(match: RouteMatch<RoutedTarget>): void {
    if (this.#waitsUntil === 0) this.#waitsUntil = performance.now() + match.target.target.holdMs;
    const waiting: Waiting = {
      routed: match.target,
      until: this.#waitsUntil,
      released: () => {
        this.#waiting = null;
        // Whoever refused before the wait may be another program by now, and the client's own patience counts anew.
        this.#tried.length = 0;
        this.#req.socket.setTimeout(this.#core.limits.stallMs);
        this.#proceed();
      },
      expired: () => {
        this.#waiting = null;
        this.#refuseFor(match, this.#core.isStopping ? 'edge-stops' : 'held-too-long');
      },
    };
    if (this.#core.room.enter(waiting)) this.#waiting = waiting;
    else this.#refuseFor(match, 'waiting-room-full');
  }

  // Everything up to the dispatch is synchronous: whoever asks for the traffic after a switch finds this one counted.
  #send(match: RouteMatch<RoutedTarget>, upstream: Upstream, isAsked: boolean): void {
    const { target } = match.target;
    const { route } = match;
    const { authority, target: url } = this.#target!;
    upstream.requests += 1;
    upstream.inFlight += 1;
    const method = this.#req.method ?? 'GET';
    const body = hasBody(this.#req) ? new RequestBody(this.#req, () => this.#bodyBegins()) : null;
    const connection = upstream.take(IDEMPOTENT.has(method) && body === null, performance.now());
    const attempt = new Attempt({
      req: this.#req,
      res: this.#res,
      upstream,
      connection,
      body,
      counts: target.counts,
      requestId: this.#requestId,
      startedAt: this.#startedAt,
      tellsWhoServes: isAsked,
      ended: (how) => this.#attemptEnded(how, { match, upstream, body, wasReused: attempt.wasReused }),
    });
    this.#attempt = attempt;
    const isStripped = route.stripPath && route.path !== '/';
    const options = {
      method: method as 'GET',
      path: isStripped ? stripPrefix(route.path, url) : url,
      headers: requestHeaders(this.#req.rawHeaders, {
        host: authority,
        requestId: this.#requestId,
        peer: this.#req.socket.remoteAddress ?? '',
        trusted: this.#core.trusted,
        strippedPrefix: isStripped ? route.path : null,
        isUpgrade: false,
      }),
      body,
    };
    connection.client.dispatch(options, attempt);
  }

  #attemptEnded(
    how: AttemptEnd,
    past: {
      readonly match: RouteMatch<RoutedTarget>;
      readonly upstream: Upstream;
      readonly body: RequestBody | null;
      readonly wasReused: boolean;
    },
  ): void {
    const { match, upstream, body, wasReused } = past;
    this.#attempt = null;
    if (how === 'answered') return;
    if (how === 'cut') {
      // Never a proper end: the client has to see that something is missing.
      this.#res.destroy();
      return;
    }
    const isBodyWhole = body === null || !body.isTouched;
    if (how === 'refused' && isBodyWhole) {
      upstream.shunnedUntil = performance.now() + SHUN_MS;
      this.#tried.push(upstream);
      upstream.failed += this.#willTryAnother(match) ? 0 : 1;
      return this.#proceed();
    }
    if (
      how === 'reset' &&
      wasReused &&
      isBodyWhole &&
      !this.#wasRepeated &&
      IDEMPOTENT.has(this.#req.method ?? '')
    ) {
      // The instance closed an idle connection while this request was on its way: it goes once more, on a new one.
      this.#wasRepeated = true;
      upstream.closeIdle();
      return this.#proceed();
    }
    upstream.failed += 1;
    this.#refuseFor(match, REASONS[how]);
  }

  #willTryAnother({ target: { site, target } }: RouteMatch<RoutedTarget>): boolean {
    site.refresh();
    return target.isHeld || target.active.some((upstream) => !this.#tried.includes(upstream));
  }

  #refuseFor(match: RouteMatch<RoutedTarget>, reason: EdgeReason): void {
    if (this.#res.destroyed || this.#res.headersSent) return;
    this.refuse(reason);
    match.target.target.counts.answered(this.#res.statusCode, performance.now() - this.#startedAt);
  }

  #bodyBegins(): void {
    if (this.#expectsContinue) this.#res.writeContinue();
  }

  #closed(): void {
    if (this.#waiting) this.#core.room.leave(this.#waiting);
    this.#waiting = null;
    this.#attempt?.cancel();
  }

  #isAsked(): boolean {
    const token = this.#req.headers[ASK_HEADER];
    if (typeof token !== 'string' || token.length !== this.#core.token.length) return false;
    return timingSafeEqual(Buffer.from(token), Buffer.from(this.#core.token));
  }

  #tellRoute({ target: { target } }: RouteMatch<RoutedTarget>): void {
    this.#res.writeHead(204, [
      ROUTE_HEADER,
      `${target.stack}/${target.service}`,
      'X-Request-Id',
      this.#requestId,
    ]);
    this.#res.end();
  }
}
