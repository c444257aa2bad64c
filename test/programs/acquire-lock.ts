// Takes the lock of stack "shop" for itself as the owner named, writes the outcome, and stays until its input ends.
import { hostname } from 'node:os';
import { identify, isAlive } from '../../src/kit/process-identity.ts';
import { openStore } from '../../src/store/open-store.ts';

const [path, owner] = process.argv.slice(2) as [string, string];
const store = openStore(path, {
  redactor: { learn: () => {}, redact: (text) => text },
  isAlive,
  clock: { now: Date.now },
});
const result = store.lock.acquire({
  stack: 'shop',
  owner,
  task: `task-${process.pid}`,
  reason: 'a test',
  holder: { host: hostname(), process: identify(process.pid) },
});
process.stdout.write(`${result.outcome} ${result.record.fencing}\n`);
process.stdin.resume().once('end', () => store.close());
