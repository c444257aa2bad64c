// A log of any size, written as the product has it: an append-only file, noted as it grows by the log book itself.
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { realClock } from '../../src/kit/real-clock.ts';
import { createLogBook } from '../../src/logs/log-book.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import { seededRandom } from '../../test/worlds/seeded-random.ts';

export const MEGABYTE = 2 ** 20;
const MINUTE_MS = 60_000;
const DIFFERENT_MEGABYTES = 32;

/** In three lines of the whole log. */
export const RARE = 'needle-4711';
/** In every fiftieth. */
export const FREQUENT = 'status=503';

/** Appends `bytes` to the log of an instance, a megabyte a minute, the last one now. */
export const fillLog = async (path: string, bytes: number): Promise<void> => {
  const book = createLogBook({ redactor: createRedactor(), clock: realClock });
  const file = { path, stream: 'out', instance: 'web-1-blue' } as const;
  mkdirSync(dirname(path), { recursive: true });
  const pieces = Array.from({ length: DIFFERENT_MEGABYTES }, (_, seed) => pieceOf(seed));
  const minutes = Math.round(bytes / MEGABYTE);
  const marked = [0.1, 0.5, 0.9].map((share) => Math.floor(minutes * share));
  const now = Date.now();
  for (let minute = 0; minute < minutes; minute += 1) {
    const words = marked.includes(minute) ? `level=warn msg="${RARE} was found"\n` : '';
    appendFileSync(path, words + pieces[minute % pieces.length]!);
    await book.note([file], now - (minutes - 1 - minute) * MINUTE_MS);
  }
};

// One megabyte of lines like those of a web service, about 130 bytes each.
const pieceOf = (seed: number): string => {
  const random = seededRandom(seed + 1);
  const lines: string[] = [];
  for (let size = 0; size < MEGABYTE;) {
    const at = new Date(1_700_000_000_000 + Math.floor(random() * 1e9)).toISOString();
    const status = random() < 0.02 ? 503 : 200;
    const line = `${at} level=info method=GET path=/api/orders/${Math.floor(random() * 1e6)} status=${status} ms=${Math.floor(random() * 400)} trace=${Math.floor(random() * 2 ** 48).toString(16)}`;
    lines.push(line);
    size += line.length + 1;
  }
  return `${lines.join('\n')}\n`;
};
