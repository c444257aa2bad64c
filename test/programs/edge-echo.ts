// A small web service: answers with its seat's port and what it was sent. On SIGTERM it takes nothing new and ends with
// its last connection, idle ones included, as many servers do.
import { createServer } from 'node:net';
import { createServer as createHttpServer } from 'node:http';

const port = Number(process.argv[2]);

const http = createHttpServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () =>
    setTimeout(() => res.end(`${port} ${Buffer.concat(chunks).toString()}`), Math.random() * 4),
  );
});
// A net.Server of its own: node's http.Server would close idle connections by itself.
const listener = createServer((socket) => http.emit('connection', socket));

process.on('SIGTERM', () => {
  listener.close();
  process.disconnect?.();
});
listener.listen(port, '127.0.0.1', () => process.send?.('listening'));
