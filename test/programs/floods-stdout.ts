// Writes numbered lines of 100 bytes as fast as it can, as many as its first argument says (100,000), then exits.
import { writeSync } from 'node:fs';

const lines = Number(process.argv[2] ?? 100_000);
for (let from = 0; from < lines; from += 500) {
  const numbers = Array.from({ length: Math.min(500, lines - from) }, (_, at) => from + at);
  writeSync(1, numbers.map((line) => `line ${line} `.padEnd(99, '.') + '\n').join(''));
}
