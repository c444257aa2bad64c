// Allocates memory, 8 MB every 20 ms, for as long as it is let.
const kept: Buffer[] = [];
setInterval(() => kept.push(Buffer.alloc(8 << 20, 1)), 20);
