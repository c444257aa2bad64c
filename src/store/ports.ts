import { Failure } from '../model/error.ts';
import type { PortStore } from '../ports/store.ts';
import type { Database } from './database.ts';

/** Which fixed port belongs to which place. A port belongs to one stack at a time. */
export const openPorts = (db: Database): PortStore => {
  const ofStack = db.prepare('SELECT instance, port FROM ports WHERE stack = ? ORDER BY instance');
  const all = db.prepare('SELECT stack, instance, port FROM ports ORDER BY port');
  const foreign = db.prepare('SELECT stack, instance FROM ports WHERE port = ? AND stack <> ?');
  const put = db.prepare('INSERT OR REPLACE INTO ports (stack, instance, port) VALUES (?, ?, ?)');
  const free = db.prepare('DELETE FROM ports WHERE stack = ?');
  return {
    of: (stack) =>
      Object.fromEntries(ofStack.all(stack).map((row) => [row.instance as string, row.port as number])),
    all: () =>
      all.all().map((row) => ({
        stack: row.stack as string,
        instance: row.instance as string,
        port: row.port as number,
      })),
    reserve: (stack, ports) =>
      db.write(() => {
        for (const [instance, port] of Object.entries(ports)) {
          const holder = foreign.get(port, stack);
          if (holder)
            throw taken({ port, instance, stack: holder.stack as string, holder: holder.instance as string });
          put.run(stack, instance, port);
        }
      }),
    free: (stack) => void free.run(stack),
  };
};

const taken = (it: { port: number; instance: string; stack: string; holder: string }): Failure =>
  new Failure(
    'port.reserved',
    `Cannot reserve port ${it.port} for "${it.instance}": it belongs to "${it.holder}" of stack "${it.stack}", a free port is required`,
    { fix: 'ask for the change again: it is then planned with another port', retryable: true },
  );
