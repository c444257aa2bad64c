// Answers on $PORT. Told to end, it takes no new connection, and ends after as many ms as its first argument says (500).
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('ok\n'));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => {
  console.log('draining');
  server.close();
  setTimeout(() => process.exit(0), Number(process.argv[2] ?? 500));
});
