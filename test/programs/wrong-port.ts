// Listens, on a port of the kernel's choice instead of $PORT.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('ok\n'));
server.listen(0, '127.0.0.1', () =>
  console.log(`listening on ${(server.address() as { port: number }).port}`),
);
