// Writes lines of one megabyte, as many as its first argument says (3), each numbered, then a short one, and runs on.
import { writeSync } from 'node:fs';

const write = (text: string): void => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
};
for (let line = 0; line < Number(process.argv[2] ?? 3); line++) write(`${line} ${'x'.repeat(1 << 20)}\n`);
write('short again\n');
setInterval(() => {}, 1 << 30);
