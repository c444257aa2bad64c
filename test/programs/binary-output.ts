// Writes every byte value 16 times, unicode, half of a character at the end of a line, and terminal escapes; runs on.
import { writeSync } from 'node:fs';

writeSync(1, Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256)));
writeSync(1, '\nsmörgåsbord 🚀 ok\n');
writeSync(1, Buffer.from([0x68, 0x61, 0x6c, 0x66, 0xf0, 0x9f, 0x0a]));
writeSync(1, '\x1b[2J\x1b]0;title\x07wiped your screen?\n');
setInterval(() => {}, 1 << 30);
