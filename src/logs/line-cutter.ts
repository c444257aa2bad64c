import type { Chunk } from './read-chunks.ts';

/** One or more whole lines, parted by line ends, without the last one's. */
export type Block = {
  readonly offset: number;
  readonly bytes: Buffer;
  /** Bytes of a single long line that were not kept. */
  readonly omitted: number;
};

export type LineCutter = {
  /** The lines that this chunk completes. They are views of the chunk where they can be. */
  readonly push: (chunk: Chunk) => readonly Block[];
  /** Whether a line has begun and not ended. */
  readonly hasRest: () => boolean;
  /** That line as it is; what comes after it is another one. */
  readonly flush: () => readonly Block[];
};

const LINE_END = 10;

/** Puts lines together across chunks. Of a line without end it keeps `keepBytes`, however long it grows. */
export const createLineCutter = (keepBytes: number): LineCutter => {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let restOffset = 0;
  let restBytes = 0;

  const keep = (offset: number, bytes: Buffer): void => {
    if (bytes.length === 0) return;
    if (restBytes === 0) restOffset = offset;
    restBytes += bytes.length;
    const room = Math.min(bytes.length, keepBytes - keptBytes);
    if (room <= 0) return;
    kept.push(Buffer.from(bytes.subarray(0, room)));
    keptBytes += room;
  };

  const flush = (): readonly Block[] => {
    if (restBytes === 0) return [];
    const block = { offset: restOffset, bytes: Buffer.concat(kept), omitted: restBytes - keptBytes };
    kept = [];
    keptBytes = 0;
    restBytes = 0;
    return [block];
  };

  return {
    hasRest: () => restBytes > 0,
    flush,
    push({ offset, bytes }) {
      const blocks: Block[] = [];
      // A range is gone between the two: what was begun can not be completed.
      if (restBytes > 0 && restOffset + restBytes !== offset) blocks.push(...flush());
      let from = 0;
      if (restBytes > 0) {
        const end = bytes.indexOf(LINE_END);
        keep(offset, end === -1 ? bytes : bytes.subarray(0, end));
        if (end === -1) return blocks;
        blocks.push(...flush());
        from = end + 1;
      }
      const last = bytes.lastIndexOf(LINE_END);
      if (last >= from) {
        blocks.push({ offset: offset + from, bytes: bytes.subarray(from, last), omitted: 0 });
        from = last + 1;
      }
      keep(offset + from, bytes.subarray(from));
      return blocks;
    },
  };
};
