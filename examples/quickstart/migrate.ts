import { openDatabase } from './database.ts';

const database = openDatabase();
database.exec(`
  CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
`);
database.close();
console.log('migrate: the tables are there');
