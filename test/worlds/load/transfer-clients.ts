import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { askForHead, mustBeOfTheProgram, optionsFor } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { CHUNK_BYTES, payloadChunk, payloadHash } from './payload.ts';
import { expectSame } from './tally.ts';

export type TransferOptions = {
  /** Of 64 KiB each. */
  readonly chunks: number;
  /** Between two chunks, so that a transfer takes long enough to meet a switch. */
  readonly everyMs: number;
  readonly pauseMs: number;
};

/** Sends a large body of no announced length; the program has to have got all of it. */
export const uploadClient = ({ chunks, everyMs, pauseMs }: TransferOptions): LoadClient => {
  const expected = payloadHash(chunks);
  return {
    pauseMs,
    turn: (target, tally) =>
      tally.count('upload', async () => {
        const sent = request(optionsFor(target, { path: '/upload', method: 'POST' }));
        const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
        const [[response]] = await Promise.all([answered, pipeline(payload(chunks, everyMs), sent)]);
        mustBeOfTheProgram(response);
        const got = (await json(response)) as { readonly bytes: number; readonly hash: string };
        expectSame('bytes that arrived', got.bytes, chunks * CHUNK_BYTES);
        expectSame('hash of what arrived', got.hash, expected);
      }),
  };
};

/** Takes a large body that comes piece by piece. */
export const downloadClient = ({ chunks, everyMs, pauseMs }: TransferOptions): LoadClient => {
  const expected = payloadHash(chunks);
  return {
    pauseMs,
    turn: (target, tally) =>
      tally.count('download', async () => {
        const response = await askForHead(target, { path: `/download?chunks=${chunks}&everyMs=${everyMs}` });
        const hash = createHash('sha256');
        let bytes = 0;
        for await (const chunk of response) {
          hash.update(chunk as Buffer);
          bytes += (chunk as Buffer).length;
        }
        expectSame('bytes that arrived', bytes, chunks * CHUNK_BYTES);
        expectSame('hash of what arrived', hash.digest('hex'), expected);
      }),
  };
};

async function* payload(chunks: number, everyMs: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < chunks; at += 1) {
    yield payloadChunk(at);
    await sleep(everyMs);
  }
}
