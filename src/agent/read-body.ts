import type { IncomingMessage } from 'node:http';
import { Refusal } from '../model/error.ts';

/** More than any call needs. */
const MAX_BYTES = 2_000_000;
/** A caller that sends even more than this is hung up on. */
const MAX_DRAINED_BYTES = 64_000_000;

/**
 * The body of a call as text. It is read to its end also where it is too large: an answer to somebody who still sends
 * is lost when the connection closes. Refusals: `call.too-large`, `call.invalid` where the caller hung up within it.
 */
export const readBody = (incoming: IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BYTES) chunks.push(chunk);
      else chunks = [];
      if (size > MAX_DRAINED_BYTES) incoming.destroy();
    });
    incoming.once('end', () => {
      if (size <= MAX_BYTES) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(tooLarge(size));
    });
    incoming.once('error', () => reject(cutShort()));
    incoming.once('close', () => reject(cutShort()));
  });

const tooLarge = (bytes: number): Refusal =>
  new Refusal('call.too-large', `Cannot read the call: ${bytes} bytes, at most ${MAX_BYTES} are allowed`);

const cutShort = (): Refusal =>
  new Refusal('call.invalid', 'Cannot read the call: the caller hung up before the end of its body');
