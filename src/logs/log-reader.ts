import { statSync } from 'node:fs';
import type { Clock } from '../ports/clock.ts';
import type { LogFile, LogLine, LogQuery } from '../ports/log-book.ts';
import type { Redactor } from '../ports/redactor.ts';
import { BEGINNING, generationsOf, isBefore, type Place, placeOfTail, placeSince } from './choose-start.ts';
import { watchGrowth } from './growth-watch.ts';
import { type Block, createLineCutter } from './line-cutter.ts';
import type { LinePattern } from './line-pattern.ts';
import { type FileIdentity, identityOf, observeLive } from './live-file.ts';
import type { Batches } from './merge-lines.ts';
import { readChunks } from './read-chunks.ts';
import { KEEP_BYTES, renderBlock, type ShownLine } from './render-lines.ts';
import { CURRENT, indexPath, listSegments } from './segments.ts';
import { createTimeline, readIndex } from './time-index.ts';

export type Reading = {
  readonly file: LogFile;
  readonly query: LogQuery;
  readonly pattern: LinePattern | null;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly log: (words: string) => void;
  readonly chunkBytes: number;
  readonly signal: AbortSignal;
  /** Where to begin, instead of where the query says. */
  readonly start?: Place;
};

const MEGABYTE = 2 ** 20;
/** Bytes before the end of a file in which the last lines that match are looked for, before the whole is searched. */
const NEAR_END = [1, 8, 64].map((megabytes) => megabytes * MEGABYTE);

/** How long a line that does not end is waited for. */
const UNFINISHED_MS = 1000;

/** One log file: what it has, and then what is written to it. `follow` goes on where `history` ended. */
export const openReader = (
  reading: Reading,
): { readonly history: () => Batches; readonly follow: () => Batches } => {
  const { file, query, pattern, signal, clock } = reading;
  const { path } = file;
  const cutter = createLineCutter(KEEP_BYTES);
  let cursor = 0;
  let identity: FileIdentity | null = null;

  const render = (blocks: readonly Block[], at: (offset: number) => number | null, from = 0): LogLine[] => {
    const searched = pattern ? blocks.filter((block) => !pattern.rulesOut(block)) : blocks;
    const shown: ShownLine[] = searched.flatMap((block) => renderBlock(block, reading.redactor));
    const wanted = from > 0 ? shown.filter(({ offset }) => offset >= from) : shown;
    const kept = pattern ? pattern.keep(wanted) : wanted;
    return kept.map(({ offset, text }) => ({
      instance: file.instance,
      stream: file.stream,
      at: at(offset),
      text,
      offset,
    }));
  };

  const chunksFrom = (generation: number, from: number) =>
    readChunks(path, { generation, from, chunkBytes: reading.chunkBytes, log: reading.log, signal });

  async function* readGeneration({ generation, offset, isInLine }: Place): Batches {
    const timeline = timelineOf(path, generation, clock);
    // One byte earlier: if it is a line end, a line begins at `offset`; else what begins there is half a line, and not shown.
    const from = isInLine ? Math.max(0, offset - 1) : offset;
    for await (const chunk of chunksFrom(generation, from)) {
      yield render(cutter.push(chunk), timeline, offset);
      if (generation === CURRENT) cursor = chunk.offset + chunk.bytes.length;
    }
    if (generation === CURRENT && query.follow) return;
    if (!signal.aborted) yield render(cutter.flush(), timeline, offset);
  }

  async function* history(): Batches {
    const start = reading.start ?? (await chooseStart(path, query));
    identity = identityOf(path);
    const recent = await recentMatches(start);
    if (recent) return yield recent;
    if (start.generation === CURRENT) cursor = start.offset;
    for (const generation of generationsOf(path)) {
      if (generation < start.generation || signal.aborted) continue;
      yield* readGeneration(generation === start.generation ? start : { ...BEGINNING, generation });
    }
  }

  // Whoever wants the last lines that match mostly finds them near the end. Null: they are not there, or not enough of them.
  const recentMatches = async (start: Place): Promise<readonly LogLine[] | null> => {
    if (!query.tail || !pattern) return null;
    for (const bytes of NEAR_END) {
      const live = observeLive(path);
      const offset = (live?.size ?? 0) - bytes;
      const from = start.generation === CURRENT ? start.offset : 0;
      if (offset <= Math.max(from, live?.freed ?? 0)) return null;
      let lines: readonly LogLine[] = [];
      for await (const batch of readGeneration({ generation: CURRENT, offset, isInLine: true }))
        if (batch.length > 0) lines = lines.concat(batch);
      if (lines.length >= query.tail || signal.aborted) return lines;
      // What is read again is not half a line of this.
      cutter.flush();
    }
    return null;
  };

  // What is left of a file that was renamed when its program started again, then the new one from its beginning.
  async function* finishReplaced(): Batches {
    const renamed = listSegments(path).findLast(
      (segment) => segment.kind === 'raw' && identityOf(segment.path) === identity,
    );
    if (renamed) {
      for await (const chunk of chunksFrom(renamed.generation, cursor)) {
        yield render(cutter.push(chunk), () => clock.now());
      }
    }
    yield render(cutter.flush(), () => clock.now());
    cursor = 0;
  }

  async function* follow(): Batches {
    const growth = watchGrowth(path, clock, signal);
    let grewAt = clock.monotonic();
    try {
      while (!signal.aborted) {
        const live = observeLive(path);
        if (live && identity !== null && (live.identity !== identity || live.size < cursor))
          yield* finishReplaced();
        if (live) identity = live.identity;
        if (live && live.size > cursor) {
          for await (const chunk of chunksFrom(CURRENT, cursor)) {
            yield render(cutter.push(chunk), () => clock.now());
            cursor = chunk.offset + chunk.bytes.length;
          }
          grewAt = clock.monotonic();
        } else if (cutter.hasRest() && clock.monotonic() - grewAt >= UNFINISHED_MS) {
          yield render(cutter.flush(), () => clock.now());
        }
        await growth.changed();
      }
    } finally {
      growth.close();
    }
  }

  return { history, follow };
};

// With a pattern the last lines are those that match: they may be anywhere.
const chooseStart = async (path: string, { tail, since, grep }: LogQuery): Promise<Place> => {
  const first = since === null ? BEGINNING : placeSince(path, since);
  if (tail === null || (grep !== null && tail > 0)) return first;
  const ofTail = await placeOfTail(path, tail, first);
  return isBefore(first, ofTail) ? ofTail : first;
};

const timelineOf = (path: string, generation: number, clock: Clock) => {
  const end =
    generation === CURRENT
      ? Math.min(clock.now(), statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
      : generation;
  return createTimeline(readIndex(indexPath(path, generation)), Math.floor(end));
};
