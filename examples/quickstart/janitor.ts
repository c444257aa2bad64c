// Keeps the guestbook's last 100,000 messages.
import { openDatabase } from './database.ts';

const KEPT = 100_000;

const database = openDatabase();
const sweep = database.prepare('DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?');

console.log('janitor: ready');
const timer = setInterval(() => {
  const { changes } = sweep.run(KEPT);
  if (changes > 0) console.log(`janitor: swept ${changes} old messages`);
}, 5000);

process.on('SIGTERM', () => {
  clearInterval(timer);
  database.close();
});
