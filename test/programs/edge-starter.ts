// Stands in for an agent: starts the edge, says so, and lives until it is killed.
import { openBuiltinEdge } from '../../src/edge/builtin/open-builtin-edge.ts';

const [home = '', port = ''] = process.argv.slice(2);
const edge = openBuiltinEdge({
  layout: { home, socket: '' },
  listen: { host: '127.0.0.1', port: Number(port) },
});
await edge.ensureRunning();
process.send?.('started');
setInterval(() => undefined, 1000);
