// Answers 200 on $PORT and says of itself that it is degraded.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"status":"degraded","message":"loading weights 412/1,100 MB"}\n');
}).listen(Number(process.env.PORT), '127.0.0.1');
