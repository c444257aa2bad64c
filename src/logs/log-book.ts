// Promises: what programs wrote is read whole, in order and redacted, while they write and while old ranges are freed.
// Must never know: what an instance is, why its lines are read, or which values are secret.
import { statSync } from 'node:fs';
import { Failure, isReported } from '../model/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogBook, LogFile, LogLine, LogQuery } from '../ports/log-book.ts';
import type { Redactor } from '../ports/redactor.ts';
import { placeOfTail } from './choose-start.ts';
import { createGrowthNotes } from './growth-notes.ts';
import { compilePattern } from './line-pattern.ts';
import { openReader } from './log-reader.ts';
import { type Batches, interleave, mergeByTime } from './merge-lines.ts';
import { CHUNK_BYTES } from './read-chunks.ts';
import { createRetention, type Retention } from './retention.ts';
import { CURRENT, listSegments } from './segments.ts';

export type LogBookOptions = {
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Told, in one sentence, of what went wrong and did not end the call. */
  readonly log?: (words: string) => void;
};

/**
 * A reading ends quietly when its signal aborts. Refusals: `logs.bad-pattern`, `logs.slow-pattern`. Failures: `logs.unreadable`,
 * `logs.not-retained`.
 */
export const createLogBook = ({
  redactor,
  clock,
  log = () => {},
}: LogBookOptions): LogBook & Pick<Retention, 'rotateAtRestart'> => {
  const note = createGrowthNotes(log);
  const retention = createRetention(clock);

  async function* read(
    files: readonly LogFile[],
    query: LogQuery,
    signal?: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const pattern = query.grep === null ? null : compilePattern(query.grep);
    const ending = new AbortController();
    const whole = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    const chunkBytes = Math.max(
      SMALLEST_CHUNK,
      Math.min(CHUNK_BYTES, Math.floor(BUDGET_BYTES / files.length)),
    );
    const readers = files.map((file) =>
      openReader({ file, query, pattern, redactor, clock, log, chunkBytes, signal: whole }),
    );
    const keepsLast = query.grep !== null && query.tail !== null && query.tail > 0;
    const histories = readers.map(({ history }) =>
      keepsLast ? lastOf(history(), query.tail ?? 0) : history(),
    );
    try {
      for await (const batch of mergeByTime(histories)) for (const line of batch) yield line;
      if (!query.follow) return;
      const follows = readers.map(({ follow }) => follow());
      for await (const batch of interleave(follows, () => ending.abort()))
        for (const line of batch) yield line;
    } catch (error) {
      throw cannotRead(error);
    } finally {
      ending.abort();
    }
  }

  const lastLines = async (file: LogFile, count: number, from = 0): Promise<readonly string[]> => {
    const { signal } = new AbortController();
    const begin = { generation: CURRENT, offset: from, isInLine: false };
    try {
      const start = await placeOfTail(file.path, count, begin);
      const shared = { file, redactor, clock, log, signal, chunkBytes: CHUNK_BYTES, pattern: null };
      const reader = openReader({ ...shared, query: EVERYTHING, start });
      const lines: string[] = [];
      for await (const batch of lastOf(reader.history(), count)) lines.push(...batch.map(({ text }) => text));
      return lines;
    } catch (error) {
      throw cannotRead(error);
    }
  };

  return {
    read,
    lastLines,
    note: async (files, now) => note(files, now),
    retain: retention.retain,
    rotateAtRestart: retention.rotateAtRestart,
    archives: async ({ path }) =>
      listSegments(path)
        .filter(({ kind }) => kind === 'gz')
        .map((segment) => ({
          path: segment.path,
          from: segment.from,
          to: segment.to,
          bytes: statSync(segment.path).size,
        })),
  };
};

/** What the buffers of one reading may take, whatever the number of files. */
const BUDGET_BYTES = 8 * 1024 * 1024;
const SMALLEST_CHUNK = 32 * 1024;

const EVERYTHING: LogQuery = { tail: null, since: null, grep: null, follow: false };

const cannotRead = (error: unknown): Error => {
  if (isReported(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('logs.unreadable', `Cannot read a log: ${message}`, { cause: error });
};

async function* lastOf(batches: Batches, count: number): Batches {
  let last: readonly LogLine[] = [];
  for await (const batch of batches) {
    if (batch.length > 0) last = [...last, ...batch].slice(-count);
  }
  yield last;
}
