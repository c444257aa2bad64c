import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { observeLive } from './live-file.ts';
import { CURRENT, listSegments, type Segment } from './segments.ts';

/** Bytes of a log and where they begin in it. Valid until the next one is asked for. */
export type Chunk = { readonly offset: number; readonly bytes: Buffer };

export type ReadOptions = {
  readonly generation: number;
  readonly from: number;
  readonly chunkBytes?: number;
  /** Told of an archive that can not be read; the rest still is. */
  readonly log?: ((words: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export const CHUNK_BYTES = 512 * 1024;

/**
 * All bytes of one generation from an offset on: archived ranges, then the file itself, to the end it has when it is reached.
 * None is lost or doubled while retention runs: what was freed under our eyes is read again from its archive. Ends quietly on abort.
 */
export async function* readChunks(path: string, options: ReadOptions): AsyncGenerator<Chunk> {
  let cursor = options.from;
  const seen = new Set<string>();
  const isOver = (): boolean => options.signal?.aborted ?? false;
  while (!isOver()) {
    const segment = segmentsOf(path, options.generation).find(
      ({ to, path: name }) => to > cursor && !seen.has(name),
    );
    if (!segment && options.generation !== CURRENT) return;
    let isAtEnd = false;
    try {
      const chunks = segment ? readSegment(segment, cursor, options) : readLive(path, cursor, options);
      for await (const chunk of chunks) {
        yield chunk;
        cursor = chunk.offset + chunk.bytes.length;
        if (isOver()) return;
      }
      isAtEnd = !segment;
    } catch (error) {
      if (error instanceof FreedMeanwhile) continue;
      if (!segment) throw error;
      // Retention may have removed it since it was listed.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      options.log?.(`Cannot read archived log "${segment.path}": ${(error as Error).message}`);
    }
    if (segment) seen.add(segment.path);
    if (isAtEnd) return;
  }
}

// Until retention has seen that the file was replaced or emptied, its archives are still those of the one before.
const segmentsOf = (path: string, generation: number): readonly Segment[] => {
  const segments = listSegments(path).filter((each) => each.generation === generation);
  const live = generation === CURRENT ? observeLive(path) : null;
  return live ? segments.filter(({ to }) => !live.isReplaced && to <= live.size) : segments;
};

class FreedMeanwhile extends Error {}

async function* readSegment(segment: Segment, cursor: number, options: ReadOptions): AsyncGenerator<Chunk> {
  const isRaw = segment.kind === 'raw';
  const begin = Math.max(cursor, segment.from);
  const file = createReadStream(segment.path, {
    highWaterMark: CHUNK_BYTES,
    ...(isRaw ? { start: begin, end: segment.to - 1 } : {}),
  });
  const gunzip = isRaw ? null : createGunzip({ chunkSize: CHUNK_BYTES });
  const stream = gunzip ? file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip) : file;
  let offset = isRaw ? begin : segment.from;
  try {
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      const skip = Math.max(0, begin - offset);
      if (skip < bytes.length) {
        const chunk = afterHole({ offset: offset + skip, bytes: bytes.subarray(skip) });
        if (chunk) yield chunk;
      }
      offset += bytes.length;
      if (options.signal?.aborted) return;
    }
  } finally {
    file.destroy();
    gunzip?.destroy();
  }
}

async function* readLive(path: string, from: number, options: ReadOptions): AsyncGenerator<Chunk> {
  const live = observeLive(path);
  if (!live) return;
  const handle = await openIfThere(path);
  if (!handle) return;
  try {
    const buffer = Buffer.allocUnsafe(options.chunkBytes ?? CHUNK_BYTES);
    for (let cursor = Math.max(from, live.freed); ;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, cursor);
      if (bytesRead === 0) return;
      // Retention commits before it frees: what it had not committed by now was read whole.
      if ((observeLive(path)?.freed ?? 0) > cursor) throw new FreedMeanwhile();
      const chunk = afterHole({ offset: cursor, bytes: buffer.subarray(0, bytesRead) });
      if (chunk) yield chunk;
      cursor += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

const openIfThere = async (path: string) => {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const PAGE_BYTES = 4096;

// Zeros by the page are a hole whose record was lost, not something a program wrote.
const afterHole = (chunk: Chunk): Chunk | null => {
  const { offset, bytes } = chunk;
  if (bytes[0] !== 0) return chunk;
  const end = bytes.findIndex((byte) => byte !== 0);
  if (end === -1) return bytes.length < PAGE_BYTES ? chunk : null;
  return end < PAGE_BYTES ? chunk : { offset: offset + end, bytes: bytes.subarray(end) };
};
