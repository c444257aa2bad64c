// Begins to listen on $PORT as many ms after its start as its first argument says (2000).
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('ok\n'));
setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), Number(process.argv[2] ?? 2000));
