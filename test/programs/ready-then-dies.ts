// Answers on $PORT, and exits with 9 as many ms after its first answer as its first argument says (300).
import { createServer } from 'node:http';

const server = createServer((_request, response) => {
  response.end('ok\n');
  setTimeout(() => process.exit(9), Number(process.argv[2] ?? 300));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
