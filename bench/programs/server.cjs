// A service as people write it: it says its version and when it was ready and first asked, and ends gracefully.
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');

const version = readFileSync(join(__dirname, 'version'), 'utf8').trim();
let readyAt = 0;
let askedAt = 0;

const server = createServer((request, response) => {
  askedAt ||= Date.now();
  request.resume();
  request.on('end', () => {
    const times = { 'x-ready-at': String(readyAt), 'x-asked-at': String(askedAt) };
    response.writeHead(200, { 'x-version': version, ...times });
    response.end('hello\n');
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  readyAt = Date.now();
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => server.close(() => process.exit(0)));
}
