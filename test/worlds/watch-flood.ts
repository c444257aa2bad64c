// A program of its own: the test runner's bookkeeping makes each of millions of awaits several times dearer.
// Writes 2,000,000 numbered lines of 100 bytes with a foreign program while this one follows and retains them, reads them all
// again, and prints what it saw as JSON. Usage: watch-flood.ts FOLDER
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { realClock } from '../../src/kit/real-clock.ts';
import { createLogBook } from '../../src/logs/log-book.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import type { LogFile, LogLine, LogQuery } from '../../src/ports/log-book.ts';

export type Flood = {
  readonly written: number;
  readonly followed: number;
  readonly read: number;
  /** The first line that did not carry the number it should. */
  readonly wrong: string | null;
  readonly tookMs: number;
  readonly mostBytes: number;
  readonly leftBytes: number;
  readonly archives: number;
  readonly archiveBytes: number;
  readonly leftovers: readonly string[];
  readonly complaints: readonly string[];
};

const LINES = 2_000_000;
const MB = 1024 * 1024;
const RETENTION = { logBytes: 8 * MB, archiveBytes: 512 * MB };
const ALL: LogQuery = { tail: null, since: null, grep: null, follow: false };

const folder = process.argv[2]!;
const file: LogFile = { path: join(folder, '1-blue.out'), stream: 'out', instance: 'flood-1-blue' };
const complaints: string[] = [];
const book = createLogBook({
  redactor: createRedactor(),
  clock: realClock,
  log: (words) => complaints.push(words),
});
let wrong: string | null = null;

const began = performance.now();
const writer = startWriter();
const ended = once(writer, 'exit');
const following = countInOrder(book.read([file], { ...ALL, follow: true }));
let mostBytes = 0;
while (writer.exitCode === null && writer.signalCode === null) {
  await Promise.race([sleep(50), ended]);
  await book.note([file], Date.now());
  await book.retain(file, RETENTION);
  mostBytes = Math.max(mostBytes, statSync(file.path).blocks * 512);
}
await book.retain(file, RETENTION);
const tookMs = Math.round(performance.now() - began);
const followed = await following;
const archives = await book.archives(file);
const flood: Flood = {
  written: statSync(file.path).size / 100,
  followed,
  read: await countInOrder(book.read([file], ALL)),
  wrong,
  tookMs,
  mostBytes,
  leftBytes: statSync(file.path).blocks * 512,
  archives: archives.length,
  archiveBytes: archives.reduce((sum, { bytes }) => sum + bytes, 0),
  leftovers: readdirSync(folder).filter((name) => name.endsWith('.tmp')),
  complaints,
};
console.log(JSON.stringify(flood));

function startWriter() {
  const fd = openSync(file.path, 'a');
  const script = `BEGIN { for (i = 1; i <= ${LINES}; i++) { printf "%099d\\n", i; fflush() } }`;
  const child = spawn('awk', [script], { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
  return child;
}

// The n-th line carries the number n.
async function countInOrder(lines: AsyncIterable<LogLine>): Promise<number> {
  let count = 0;
  for await (const { text } of lines) {
    count += 1;
    if (text.length !== 99 || Number(text.slice(-9)) !== count)
      wrong ??= `line ${count}: ${text.slice(-120)}`;
    if (count === LINES) break;
  }
  return count;
}
