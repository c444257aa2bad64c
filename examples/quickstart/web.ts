import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { openDatabase } from './database.ts';

const GREETING = 'Welcome to the guestbook';

const port = Number(process.env.PORT);
const database = openDatabase();
const add = database.prepare('INSERT INTO messages (author, text, at) VALUES (?, ?, ?)');
const latest = database.prepare('SELECT author, text FROM messages ORDER BY id DESC LIMIT 10');
const totals = database.prepare('SELECT name, value FROM totals ORDER BY name');

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error('web:', error);
    if (!response.headersSent) response.writeHead(500);
    response.end('Something went wrong\n');
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://guestbook').pathname;
  if (path === '/up') return reply(response, 200, { status: 'ok' });
  if (path === '/' && request.method === 'GET') {
    const release = process.env.REEVE_RELEASE;
    return reply(response, 200, {
      greeting: GREETING,
      release,
      totals: totals.all(),
      messages: latest.all(),
    });
  }
  if (path === '/messages' && request.method === 'POST') {
    const { author = 'anonymous', text = '' } = JSON.parse(await body(request)) as Record<string, string>;
    const { lastInsertRowid } = add.run(author, text, Date.now());
    return reply(response, 201, { id: Number(lastInsertRowid) });
  }
  return reply(response, 404, { error: 'there is nothing here' });
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

server.listen(port, '127.0.0.1', () =>
  console.log(`web: release ${process.env.REEVE_RELEASE} listens on ${port}`),
);

process.on('SIGTERM', () => {
  server.close(() => database.close());
  server.closeIdleConnections();
});
