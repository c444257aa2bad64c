import { Client } from 'undici';
import type { Name, Seat } from '../../model/names.ts';

/** An idle connection older than this is not used again and closes: programs close theirs after 2 s or more. */
const IDLE_MS = 1500;
/** How much sooner than the instance says its idle connections end. */
const HINT_MARGIN_MS = 1000;
/**
 * A request that may not be sent twice takes a connection that was busy this recently, or a new one. An instance that
 * closes idle connections after any time-out then never meets a POST on its way, and one that closes all of them
 * because it stops has no traffic by then. undici also looks for a pending end-of-file before it writes.
 */
const RECENT_MS = 50;
const CONNECT_MS = 10_000;

export type UpstreamPlace = {
  readonly service: Name;
  readonly slot: number;
  readonly seat: Seat;
  readonly port: number;
};

/** One connection to an instance, for one request at a time. */
export type UpstreamConnection = {
  readonly client: Client;
  isIdle: boolean;
  idleSince: number;
  idleForMs: number;
  /** Whether a request was answered on it before. */
  isUsed: boolean;
};

/** One port where an instance may sit: its connections, and what is counted about it. */
export class Upstream {
  readonly place: UpstreamPlace;
  requests = 0;
  errors = 0;
  failed = 0;
  inFlight = 0;
  /** On the scale of performance.now(): until then it is asked last, for it refused a connection. */
  shunnedUntil = 0;
  readonly #origin: string;
  readonly #answerTimeoutMs: number;
  /** Latest used last. */
  readonly #idle: UpstreamConnection[] = [];
  #hasTraffic = false;

  constructor(place: UpstreamPlace, answerTimeoutMs: number) {
    this.place = place;
    this.#origin = `http://127.0.0.1:${place.port}`;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** Whether new requests come here. Without, its idle connections close at once, so that a draining program can exit. */
  set hasTraffic(hasTraffic: boolean) {
    this.#hasTraffic = hasTraffic;
    if (!hasTraffic) this.closeIdle();
  }

  /** Takes the latest used idle connection, or opens one. `isRepeatable`: the request may be sent twice. */
  take(isRepeatable: boolean, now: number): UpstreamConnection {
    const connection = this.#idle.at(-1);
    if (!connection) return this.#open();
    const idleFor = now - connection.idleSince;
    if (idleFor > connection.idleForMs) {
      this.closeIdle();
      return this.#open();
    }
    if (!isRepeatable && idleFor > RECENT_MS) return this.#open();
    this.#idle.pop();
    connection.isIdle = false;
    return connection;
  }

  /** A connection whose answer is complete comes back. `hintMs`: after how long the instance says it closes it. */
  giveBack(connection: UpstreamConnection, hintMs: number | null, now: number): void {
    connection.isUsed = true;
    connection.idleForMs = hintMs === null ? IDLE_MS : Math.min(IDLE_MS, hintMs - HINT_MARGIN_MS);
    if (!this.#hasTraffic || connection.idleForMs <= 0 || connection.client.destroyed) {
      discard(connection);
      return;
    }
    connection.isIdle = true;
    connection.idleSince = now;
    this.#idle.push(connection);
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) discard(connection);
  }

  #open(): UpstreamConnection {
    const client = new Client(this.#origin, {
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      keepAliveTimeoutThreshold: HINT_MARGIN_MS,
      headersTimeout: this.#answerTimeoutMs,
      // An event stream may be silent for as long as it likes.
      bodyTimeout: 0,
      maxHeaderSize: 65_536,
      connect: { timeout: CONNECT_MS },
      autoSelectFamily: false,
    });
    const connection = { client, isIdle: false, idleSince: 0, idleForMs: 0, isUsed: false };
    client.on('disconnect', () => {
      if (!connection.isIdle) return;
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
      discard(connection);
    });
    return connection;
  }
}

/** Ends a connection and the request on it. */
export const discard = (connection: UpstreamConnection): void => {
  connection.isIdle = false;
  connection.client.destroy(noWord);
};

// The answer to destroy() is of no interest: the request on it hears through its own handler.
const noWord = (): void => undefined;
