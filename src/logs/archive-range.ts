import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Bytes `from` up to but not including `to` of a file. */
export type ByteRange = {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly mode: number;
};

/** Copies a range out, compressed. What `archive` names is whole and on disk once it is there. */
export const archiveRange = async (range: ByteRange, archive: string): Promise<void> => {
  let copied = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      copied += chunk.length;
      next(null, chunk);
    },
  });
  // The same name whatever the range: what a crash left is overwritten by the next try.
  const aside = asidePath(`${range.path}.gz`);
  await putInPlace(archive, aside, async () => {
    await pipeline(
      createReadStream(range.path, { start: range.from, end: range.to - 1, highWaterMark: 256 * 1024 }),
      count,
      // Logs shrink about tenfold at any level; the first costs the least.
      createGzip({ level: 1 }),
      createWriteStream(aside, { mode: range.mode, flush: true }),
    );
    if (copied !== range.to - range.from) {
      throw new Error(`${copied} bytes could be read, ${range.to - range.from} required`);
    }
  });
};

export const writeRecord = (path: string, text: string, mode: number): Promise<void> =>
  putInPlace(path, asidePath(path), () => writeFile(asidePath(path), text, { mode, flush: true }));

const asidePath = (path: string): string => join(dirname(path), `.${basename(path)}.tmp`);

// As kit/atomic-file, without holding up the agent while the disk works. `fill` syncs what it writes.
const putInPlace = async (path: string, aside: string, fill: () => Promise<void>): Promise<void> => {
  try {
    await fill();
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};
