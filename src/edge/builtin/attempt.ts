import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { answerHeaders, answerTrailers, SERVED_BY_HEADER } from './forward-headers.ts';
import type { RequestBody } from './request-body.ts';
import type { ServiceCounts } from './counts.ts';
import { discard, type Upstream, type UpstreamConnection } from './upstream.ts';

/**
 * `refused`: no connection, nothing was sent. `reset`: the connection ended before an answer. `timeout`: connected or
 * asked in vain. `invalid`: not HTTP. `cut`: the answer broke off, or the request did.
 */
export type AttemptEnd = 'answered' | 'refused' | 'reset' | 'timeout' | 'invalid' | 'cut';

export type AttemptOptions = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  readonly body: RequestBody | null;
  readonly counts: ServiceCounts;
  readonly requestId: string;
  readonly startedAt: number;
  readonly tellsWhoServes: boolean;
  /** Called once, unless the attempt is cancelled. */
  readonly ended: (how: AttemptEnd) => void;
};

type Controller = Dispatcher.DispatchController;

/** One request on one connection to one instance, and its answer on the way to the client. Counted in flight while it lives. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #of: AttemptOptions;
  #controller: Controller | null = null;
  #hasEnded = false;
  #hasAnswer = false;
  #hasSentBody = false;
  #keepAliveMs: number | null = null;

  constructor(options: AttemptOptions) {
    this.#of = options;
  }

  /** Whether the request was on a connection that an earlier request had used. */
  get wasReused(): boolean {
    return this.#of.connection.isUsed;
  }

  /** Whether the instance waits for more of the request's body, or for the client to take more of the answer. */
  get waitsForClient(): boolean {
    const { body, req, res } = this.#of;
    return res.writableNeedDrain || (body !== null && body.isTouched && !req.complete && !req.isPaused());
  }

  /** Nobody wants the answer any more. `ended` is not called. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#leave();
    discard(this.#of.connection);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, statusText = ''): void {
    if (this.#hasEnded) return;
    const { res, upstream, counts } = this.#of;
    const raw = (controller.rawHeaders ?? []) as readonly Buffer[];
    if (status < 200) {
      this.#inform(status, raw);
      return;
    }
    const { headers, hasLength, keepAliveMs } = answerHeaders(raw, this.#of.requestId);
    this.#keepAliveMs = keepAliveMs;
    if (this.#of.tellsWhoServes) {
      const { service, slot, seat } = upstream.place;
      headers.push(SERVED_BY_HEADER, `${service}.${slot}.${seat}`);
    }
    // Throws where a status or a field is not one; undici then ends the attempt with that error.
    res.writeHead(status, statusText, headers);
    this.#hasAnswer = true;
    if (status >= 500) upstream.errors += 1;
    counts.answered(status, performance.now() - this.#of.startedAt);
    // The first bytes of most bodies are in the same packet. Where they are not, the client gets the header at once.
    if (!hasLength) queueMicrotask(() => this.#flushHeader());
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#hasSentBody = true;
    const { res } = this.#of;
    if (res.write(chunk)) return;
    controller.pause();
    res.once('drain', () => controller.resume());
  }

  onResponseEnd(controller: Controller): void {
    if (this.#hasEnded) return;
    const { res, upstream, connection } = this.#of;
    const trailers = answerTrailers((controller.rawTrailers ?? []) as readonly Buffer[]);
    if (trailers.length > 0) res.addTrailers(trailers);
    res.end();
    this.#end('answered');
    upstream.giveBack(connection, this.#keepAliveMs, performance.now());
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#hasEnded) return;
    discard(this.#of.connection);
    const hasClientLeft = this.#of.req.destroyed && !this.#of.req.complete;
    this.#end(this.#hasAnswer || hasClientLeft ? 'cut' : this.#reasonOf(error));
  }

  // The count falls before anybody hears: a retry that follows counts for its own instance.
  #end(how: AttemptEnd): void {
    this.#leave();
    this.#of.ended(how);
  }

  #leave(): void {
    this.#hasEnded = true;
    this.#of.upstream.inFlight -= 1;
  }

  #flushHeader(): void {
    if (!this.#hasEnded && !this.#hasSentBody) this.#of.res.flushHeaders();
  }

  // Of the interim answers only early hints mean something to a client that did not ask for them (RFC 8297).
  #inform(status: number, raw: readonly Buffer[]): void {
    if (status !== 103 || this.#of.req.httpVersionMinor === 0) return;
    const link = raw.flatMap((name, at) =>
      at % 2 === 0 && name.toString('latin1').toLowerCase() === 'link'
        ? [raw[at + 1]!.toString('latin1')]
        : [],
    );
    try {
      if (link.length > 0) this.#of.res.writeEarlyHints({ link });
    } catch {
      // A hint that Node does not take for one: the answer itself is still to come.
      return;
    }
  }

  #reasonOf(error: Error): AttemptEnd {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
    if (this.#controller === null) return code.startsWith('UND_ERR_INVALID') ? 'invalid' : 'refused';
    return error.name === 'HTTPParserError' || code.startsWith('ERR_') || code === 'UND_ERR_HEADERS_OVERFLOW'
      ? 'invalid'
      : 'reset';
  }
}
