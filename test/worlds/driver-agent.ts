// An agent in a process of its own, to be killed: opens the driver of a state folder, starts what its standard input
// says (one JSON list of specs), prints the facts as one line, and waits.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedDriver } from '../../src/drivers/embedded/embedded-driver.ts';
import type { RunSpec } from '../../src/ports/driver.ts';

const home = process.argv[2]!;
const driver = await openEmbeddedDriver({
  layout: { home, socket: join(home, 'agent.sock') },
  ...(process.argv[3] === 'no-cgroups' ? { cgroups: null } : {}),
});
await driver.adopt();
const outcomes = await driver.start(JSON.parse(readFileSync(0, 'utf8')) as RunSpec[]);
console.log(JSON.stringify(outcomes));
setInterval(() => {}, 1 << 30);
