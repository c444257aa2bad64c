// Opens a change and writes records to it as fast as it can; prints each record's number once the write returned.
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/open-store.ts';
import { aPlan } from '../worlds/release-builder.ts';

const store = openStore(process.argv[2]!, {
  redactor: { learn: () => {}, redact: (text) => text },
  isAlive: () => true,
  clock: { now: Date.now },
});
const change = store.journal.open({ stack: 'shop', plan: aPlan(), by: 'test', state: 'running', at: 0 });
for (;;) {
  const { seq } = store.journal.record(change.id, { step: 1, event: 'done', at: 0, words: 'y'.repeat(100) });
  writeSync(1, `${seq}\n`);
}
