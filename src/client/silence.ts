import type { ClientRequest } from 'node:http';
import { CALLS } from '../api/wire.ts';
import { request } from '../kit/node-http.ts';

/**
 * Calls `silent` once where an agent neither answers `call` nor anything else: after `silenceMs` it is asked how it is,
 * which may take as long again, and so on while it answers that. A stopped or hanging process keeps its socket, and the
 * kernel goes on taking connections for it (listen(2)); without this a call would wait for ever.
 */
export const watchSilence = (
  call: ClientRequest,
  { socket, silenceMs }: { readonly socket: string; readonly silenceMs: number },
  silent: () => void,
): void => {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = (): void => {
    const { method, path } = CALLS.agentStatus;
    const signal = AbortSignal.timeout(silenceMs);
    const asked = request({ socketPath: socket, method, path, agent: false, signal });
    asked.once('response', (response) => {
      response.on('error', () => undefined).resume();
      wait();
    });
    asked.on('error', () => {
      if (!signal.aborted) wait();
      else if (!isOver) silent();
    });
    asked.end();
  };
  // The call itself keeps the process here, not the watch over it.
  const wait = (): void => {
    if (!isOver) timer = setTimeout(look, silenceMs).unref();
  };
  const heard = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  call.once('response', heard);
  call.once('close', heard);
  wait();
};
