// A service as people write it: it says its version and when it was ready, and ends gracefully.
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');

const version = readFileSync(join(__dirname, 'version'), 'utf8').trim();
let readyAt = 0;

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'x-version': version, 'x-ready-at': String(readyAt) });
    response.end('hello\n');
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  readyAt = Date.now();
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => server.close(() => process.exit(0)));
}
