// Bytes that both ends of a transfer know: whoever has them all can say so with one hash.
import { createHash } from 'node:crypto';

export const CHUNK_BYTES = 65_536;

/** The chunk at a position of the endless payload. */
export const payloadChunk = (at: number): Buffer => {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; offset < CHUNK_BYTES; offset += 4) chunk.writeUInt32LE((at + offset) >>> 0, offset);
  chunk.writeUInt32LE(at, CHUNK_BYTES - 4);
  return chunk;
};

/** SHA-256 of the first `chunks` chunks, as hexadecimal digits. */
export const payloadHash = (chunks: number): string => {
  const hash = createHash('sha256');
  for (let at = 0; at < chunks; at += 1) hash.update(payloadChunk(at));
  return hash.digest('hex');
};
