// One function per call of api/wire.ts; the server makes the routes from the table, and the type makes the table complete.
import type { CallName, CALLS, CallTypes } from '../../api/wire.ts';

type Part<K extends CallName, P extends 'params' | 'query' | 'body'> =
  CallTypes[K] extends Record<P, infer T> ? T : unknown;

export type Caller = {
  /** A user name of this host, as the client says; whoever reaches the socket is trusted to say it. */
  readonly by: string;
  /** Aborts when the caller hangs up or the agent stops. */
  readonly signal: AbortSignal;
};

export type Given<K extends CallName> = Caller & {
  readonly params: Part<K, 'params'>;
  readonly query: Part<K, 'query'>;
  readonly body: Part<K, 'body'>;
};

type Answer<K extends CallName> = CallTypes[K]['answer'];

export type Handlers = {
  readonly [K in CallName]: (typeof CALLS)[K]['answers'] extends 'lines'
    ? (given: Given<K>) => AsyncIterable<Answer<K>> | Promise<AsyncIterable<Answer<K>>>
    : (given: Given<K>) => Answer<K> | Promise<Answer<K>>;
};
