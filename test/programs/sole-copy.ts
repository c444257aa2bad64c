// Imported before a program that must never run twice. It takes a kernel lock for as long as its process lives, notes in
// `copies.log` of the shared folder that it was alone, or was not and then ends.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const folder = process.env.REEVE_SHARED ?? '';
mkdirSync(folder, { recursive: true });

const note = (word: string): void =>
  appendFileSync(join(folder, 'copies.log'), `${word} ${process.pid} ${Date.now()}\n`);

// SQLite's exclusive mode takes fcntl locks, which end with the process and with nothing else
// (https://www.sqlite.org/pragma.html#pragma_locking_mode).
const lock = new DatabaseSync(join(folder, 'sole.db'), { timeout: 0 });
try {
  lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS sole (x); COMMIT;');
  note('alone');
} catch (error) {
  note('not-alone');
  console.error('sole-copy: another one lives', error);
  process.exit(70);
}
process.on('exit', () => lock.close());
