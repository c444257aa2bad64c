import type { ReeveEvent } from '../model/event.ts';

/** Everybody who subscribed gets every event, in order; one that throws does not stop the others. */
export type EventBus = {
  readonly publish: (event: ReeveEvent) => void;
  readonly subscribe: (told: (event: ReeveEvent) => void) => () => void;
  /** Events until the signal aborts or the bus closes. A reader that is `limit` behind is cut off. */
  readonly stream: (signal: AbortSignal, limit?: number) => AsyncIterable<ReeveEvent>;
  readonly close: () => void;
};

export const createEventBus = (failed: (error: unknown) => void): EventBus => {
  const listeners = new Set<(event: ReeveEvent) => void>();
  const closing = new AbortController();

  const publish = (event: ReeveEvent): void => {
    for (const told of listeners) {
      try {
        told(event);
      } catch (error) {
        failed(error);
      }
    }
  };

  const subscribe = (told: (event: ReeveEvent) => void): (() => void) => {
    listeners.add(told);
    return () => listeners.delete(told);
  };

  // Subscribes at the call, not at the first read: what happens in between is not lost.
  const stream = (signal: AbortSignal, limit = 10_000): AsyncIterable<ReeveEvent> => {
    const waiting: ReeveEvent[] = [];
    let wake = (): void => {};
    let isBehind = false;
    const ended = AbortSignal.any([signal, closing.signal]);
    const unsubscribe = subscribe((event) => {
      if (waiting.length >= limit) isBehind = true;
      else waiting.push(event);
      wake();
    });
    const end = (): void => {
      unsubscribe();
      wake();
    };
    // Also one that is never read is not kept for ever.
    if (ended.aborted) end();
    else ended.addEventListener('abort', end, { once: true });
    return {
      async *[Symbol.asyncIterator]() {
        try {
          while (true) {
            while (waiting.length > 0) yield waiting.shift()!;
            if (ended.aborted || isBehind) return;
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        } finally {
          unsubscribe();
        }
      },
    };
  };

  return { publish, subscribe, stream, close: () => closing.abort() };
};
