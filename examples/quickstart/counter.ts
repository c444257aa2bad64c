// Keeps the guestbook's totals up to date, once a second.
import { openDatabase } from './database.ts';

const database = openDatabase();
const count = database.prepare(
  `INSERT INTO totals (name, value) SELECT 'messages', count(*) FROM messages WHERE true
   ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
);

console.log('counter: ready');
const timer = setInterval(() => count.run(), 1000);

process.on('SIGTERM', () => {
  clearInterval(timer);
  database.close();
});
