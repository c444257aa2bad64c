import { instanceId, type Seat } from '../model/names.ts';
import type { DesiredInstance, InstanceStore } from '../ports/store.ts';
import type { Database, Row } from './database.ts';

/** Which instances are meant to run. Several are put or removed in one write: all of them or none. */
export const openInstances = (db: Database): InstanceStore => {
  const all = db.prepare('SELECT * FROM instances ORDER BY stack, service, slot, seat');
  const ofStack = db.prepare('SELECT * FROM instances WHERE stack = ? ORDER BY service, slot, seat');
  const put = db.prepare(
    `INSERT OR REPLACE INTO instances (stack, id, service, slot, seat, release, fingerprint, port, warm_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare('DELETE FROM instances WHERE stack = ? AND id = ?');
  return {
    list: (stack) => (stack === null ? all.all() : ofStack.all(stack)).map(toInstance),
    put: (stack, instances) =>
      db.write(() => {
        for (const it of instances) {
          const { service, slot, seat, release, fingerprint, port, warmUntil } = it;
          put.run(stack, instanceId(it), service, slot, seat, release, fingerprint, port, warmUntil);
        }
      }),
    remove: (stack, ids) =>
      db.write(() => {
        for (const id of ids) remove.run(stack, id);
      }),
  };
};

const toInstance = (row: Row): DesiredInstance & { readonly stack: string } => ({
  stack: row.stack as string,
  service: row.service as string,
  slot: row.slot as number,
  seat: row.seat as Seat,
  release: row.release as number,
  fingerprint: row.fingerprint as string,
  port: row.port as number | null,
  warmUntil: row.warm_until as number | null,
});
