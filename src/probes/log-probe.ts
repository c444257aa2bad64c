import { statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import type { ProbeTarget } from '../ports/prober.ts';
import type { RawAnswer } from './raw-answer.ts';

type Output = ProbeTarget['outputs'][number];

type Scan = {
  readonly from: number;
  readonly pattern: string;
  /** Of the file; another one in its place is searched from the beginning. */
  inode: number;
  /** Everything before is searched. */
  at: number;
  /** The beginning of a line whose end has not been written. */
  rest: string;
  /** Words, once it is found. */
  found: string | null;
};

const CHUNK_BYTES = 256 * 1024;
// Per probe: the next one goes on where this one was, so that a huge output does not hold up the others.
const BYTES_PER_PROBE = 16 * 1024 * 1024;
const LINE_KEPT = 16 * 1024;
const HOLE_BYTES = 4096;
const SCANS_KEPT = 4096;

/** Looks for a line in what programs write, and remembers how far it got. */
export class LogScanner {
  readonly #scans = new Map<string, Scan>();

  /** Healthy once a line matched, for as long as the outputs begin where they do; that line is its words. */
  async probe(pattern: string, outputs: readonly Output[], signal: AbortSignal): Promise<RawAnswer> {
    const expression = new RegExp(pattern);
    let read = 0;
    for (const output of outputs) {
      const scan = this.#scanOf(output, pattern);
      await advance(scan, output.path, expression, signal);
      if (scan.found !== null) return { state: 'healthy', words: scan.found };
      read += scan.at - scan.from;
    }
    return { state: 'unhealthy', words: `no line matched /${pattern}/ in ${read} bytes of output` };
  }

  #scanOf({ path, from }: Output, pattern: string): Scan {
    const known = this.#scans.get(path);
    const isSame = known?.from === from && known.pattern === pattern;
    const scan = isSame ? known : { from, pattern, inode: 0, at: from, rest: '', found: null };
    // Put last: the oldest of too many is the first to go.
    this.#scans.delete(path);
    this.#scans.set(path, scan);
    if (this.#scans.size > SCANS_KEPT) this.#scans.delete(this.#scans.keys().next().value!);
    return scan;
  }
}

const advance = async (scan: Scan, path: string, expression: RegExp, signal: AbortSignal): Promise<void> => {
  if (isUnchanged(scan, path)) return;
  const file = await openIfThere(path);
  if (!file) return;
  try {
    const { ino, size } = await file.stat();
    if (ino !== scan.inode || size < scan.at) {
      Object.assign(scan, { inode: ino, at: Math.min(scan.from, size), rest: '', found: null });
    }
    if (scan.found !== null || scan.at >= size) return;
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - scan.at));
    for (const end = scan.at + BYTES_PER_PROBE; scan.at < end && scan.found === null;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, scan.at);
      if (bytesRead === 0) return;
      search(scan, buffer.subarray(0, bytesRead), expression);
    }
  } finally {
    await file.close();
  }
};

// Most probes ask about a program that said its line long ago: one look at its file, which is not opened for it.
const isUnchanged = (scan: Scan, path: string): boolean => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return true;
  const isSame = stat.ino === scan.inode && stat.size >= scan.at;
  return isSame && (scan.found !== null || scan.at === stat.size);
};

const search = (scan: Scan, bytes: Buffer, expression: RegExp): void => {
  // Retention has freed where this start began, so it has run for long, and its line is archived.
  if (scan.at === scan.from && isHole(bytes)) {
    scan.found = 'its first output is archived: it has run for long';
    return;
  }
  const text = scan.rest + bytes.toString('latin1');
  const lines = text.split('\n');
  scan.rest = lines.pop()!.slice(0, LINE_KEPT);
  scan.at += bytes.length;
  const line = [...lines, scan.rest].find((one) => expression.test(readable(one)));
  if (line !== undefined) scan.found = readable(line);
};

// Cut in bytes, read as text: no character is torn by the borders of chunks.
const readable = (line: string): string =>
  stripVTControlCharacters(Buffer.from(line.slice(0, LINE_KEPT), 'latin1').toString('utf8')).replace(
    /\r$/,
    '',
  );

const isHole = (bytes: Buffer): boolean =>
  bytes.length >= HOLE_BYTES && bytes.subarray(0, HOLE_BYTES).every((byte) => byte === 0);

const openIfThere = async (path: string): Promise<FileHandle | null> => {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};
