// As much of RFC 6455 as an echo needs: whole frames of at most 65,535 bytes.
import { createHash, randomBytes } from 'node:crypto';

export const OPCODE = { text: 1, close: 8 } as const;

export type Frame = { readonly opcode: number; readonly payload: Buffer };

/** The answer to `Sec-WebSocket-Key` (section 4.2.2). */
export const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** Clients mask what they send, servers do not (section 5.1). */
export const encodeFrame = (opcode: number, payload: Buffer, isMasked: boolean): Buffer => {
  const { length } = payload;
  const maskBit = isMasked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, maskBit | length])
      : Buffer.from([0x80 | opcode, maskBit | 126, length >> 8, length & 0xff]);
  if (!isMasked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, masked(payload, mask)]);
};

/** Code and reason of a close frame (section 7.4.1). */
export const closeFrame = (code: number, isMasked: boolean): Buffer =>
  encodeFrame(OPCODE.close, Buffer.from([code >> 8, code & 0xff]), isMasked);

export class FrameReader {
  #buffered = Buffer.alloc(0);

  /** The frames that are whole now. */
  push(bytes: Buffer): readonly Frame[] {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    const frames: Frame[] = [];
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Frame | null {
    const bytes = this.#buffered;
    if (bytes.length < 2) return null;
    const isMasked = (bytes[1]! & 0x80) !== 0;
    const short = bytes[1]! & 0x7f;
    if (short === 127) throw new RangeError('a frame longer than an echo needs');
    if (short === 126 && bytes.length < 4) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short;
    const maskAt = short === 126 ? 4 : 2;
    const dataAt = isMasked ? maskAt + 4 : maskAt;
    if (bytes.length < dataAt + length) return null;
    this.#buffered = bytes.subarray(dataAt + length);
    const data = bytes.subarray(dataAt, dataAt + length);
    const payload = isMasked ? masked(data, bytes.subarray(maskAt, dataAt)) : Buffer.from(data);
    return { opcode: bytes[0]! & 0x0f, payload };
  }
}

const masked = (payload: Buffer, mask: Buffer): Buffer => {
  const copy = Buffer.from(payload);
  for (let at = 0; at < copy.length; at += 1) copy[at]! ^= mask[at % 4]!;
  return copy;
};
