// Every second answer on $PORT is 500.
import { createServer } from 'node:http';

let asked = 0;
createServer((_request, response) => {
  response.statusCode = asked++ % 2 === 0 ? 200 : 500;
  response.end(response.statusCode === 200 ? 'ok\n' : 'no database connection\n');
}).listen(Number(process.env.PORT), '127.0.0.1');
