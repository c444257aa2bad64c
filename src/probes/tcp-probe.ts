import { connect } from 'node:net';
import type { RawAnswer } from './raw-answer.ts';

/** Healthy where the port accepts a connection, which is closed at once. Rejects when the signal aborts. */
export const probeTcp = async (port: number, signal: AbortSignal): Promise<RawAnswer> => {
  const began = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect({ host: '127.0.0.1', port, signal });
  socket.once('connect', () =>
    resolve({ state: 'healthy', words: `connected in ${Math.round(performance.now() - began)} ms` }),
  );
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNREFUSED') reject(error);
    else resolve({ state: 'unhealthy', words: `connection refused on port ${port}`, cause: 'refused' });
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
};
