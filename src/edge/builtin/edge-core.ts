import { randomUUID } from 'node:crypto';
import { type EdgeReason, statusOf } from './edge-page.ts';
import { isSaneRequestId } from './forward-headers.ts';
import type { SiteBook } from './site-book.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Limits against clients that are slow, large or many, and instances that do not answer. */
export type EdgeLimits = {
  /** From a request's first byte to the end of its header. */
  readonly headerMs: number;
  /** How long a client may neither send nor take a byte while the edge waits for it. */
  readonly stallMs: number;
  /** How long an instance may take until the header of its answer. */
  readonly answerMs: number;
  /** How many requests may wait in the waiting room. */
  readonly waiting: number;
};

export const DEFAULT_LIMITS: EdgeLimits = {
  headerMs: 15_000,
  stallMs: 60_000,
  answerMs: 120_000,
  waiting: 10_000,
};

/** What all requests share. */
export type EdgeCore = {
  readonly book: SiteBook;
  readonly room: WaitingRoom;
  readonly limits: EdgeLimits;
  readonly token: string;
  readonly trusted: ReadonlySet<string>;
  /** By `502 upstream-refused`: how often the edge answered by itself. */
  readonly ownAnswers: Map<string, number>;
  /** Set when the edge begins to stop: connections end with the answer they wait for. */
  isStopping: boolean;
};

export const countOwnAnswer = (core: EdgeCore, reason: EdgeReason): void => {
  const key = `${statusOf(reason)} ${reason}`;
  core.ownAnswers.set(key, (core.ownAnswers.get(key) ?? 0) + 1);
};

/** The client's own request id where it is a sane one, else a new one. */
export const requestIdOf = (header: string | readonly string[] | undefined): string => {
  const id = typeof header === 'string' ? header : undefined;
  return isSaneRequestId(id) ? id : randomUUID();
};
