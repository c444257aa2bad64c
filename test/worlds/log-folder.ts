// A folder of its own with log files, a log book over them, and the lines it gives.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/kit/real-clock.ts';
import { createLogBook } from '../../src/logs/log-book.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import type { LogFile, LogLine, LogQuery } from '../../src/ports/log-book.ts';

export const ALL: LogQuery = { tail: null, since: null, grep: null, follow: false };

export const openLogFolder = (now = realClock.now) => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-logs-'));
  const redactor = createRedactor();
  const complaints: string[] = [];
  const open = () =>
    createLogBook({ redactor, clock: { ...realClock, now }, log: (words) => complaints.push(words) });
  const book = open();
  const file = (name: string): LogFile => ({
    path: join(folder, `${name}.out`),
    stream: 'out',
    instance: name,
  });
  const read = async (files: readonly LogFile[], query: Partial<LogQuery> = {}): Promise<LogLine[]> => {
    const lines: LogLine[] = [];
    for await (const line of book.read(files, { ...ALL, ...query })) lines.push(line);
    return lines;
  };
  return {
    folder,
    redactor,
    complaints,
    book,
    /** As after the agent started again. */
    reopen: open,
    file,
    read,
    write: (target: LogFile, text: string | Uint8Array): void => appendFileSync(target.path, text),
    texts: async (target: LogFile, query: Partial<LogQuery> = {}): Promise<string[]> =>
      (await read([target], query)).map(({ text }) => text),
    close: (): void => rmSync(folder, { recursive: true, force: true }),
  };
};

export type LogFolder = ReturnType<typeof openLogFolder>;

/** Reads on until `isEnough`, then ends the reading. */
export const followUntil = async (
  lines: AsyncIterable<LogLine>,
  isEnough: (line: LogLine, count: number) => boolean,
): Promise<string[]> => {
  const texts: string[] = [];
  for await (const line of lines) {
    texts.push(line.text);
    if (isEnough(line, texts.length)) break;
  }
  return texts;
};
