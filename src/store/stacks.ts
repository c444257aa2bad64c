import type { StackRecord, StackStore } from '../ports/store.ts';
import type { Database, Row } from './database.ts';

/** Small facts per stack. */
export const openStacks = (db: Database): StackStore => {
  const list = db.prepare('SELECT * FROM stacks ORDER BY name');
  const get = db.prepare('SELECT * FROM stacks WHERE name = ?');
  const put = db.prepare('INSERT OR REPLACE INTO stacks (name, file, scale) VALUES (?, ?, ?)');
  const remove = db.prepare('DELETE FROM stacks WHERE name = ?');
  return {
    list: () => list.all().map(toRecord),
    get: (stack) => {
      const row = get.get(stack);
      return row ? toRecord(row) : null;
    },
    put: ({ name, file, scale }) => void put.run(name, file, JSON.stringify(scale)),
    remove: (stack) => void remove.run(stack),
  };
};

const toRecord = (row: Row): StackRecord => ({
  name: row.name as string,
  file: row.file as string,
  scale: JSON.parse(row.scale as string) as StackRecord['scale'],
});
