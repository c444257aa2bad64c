import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from './turns.ts';

describe('Turns', () => {
  it('lets the second wait when both want the same key, and nobody else', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const all = [
      turns.take(['a', 'b'], async () => {
        await first.promise;
        order.push('first');
      }),
      turns.take(['b', 'a'], async () => void order.push('second')),
      turns.take(['c'], async () => void order.push('other')),
    ];
    await all[2];
    first.resolve();
    await Promise.all(all);
    assert.deepEqual(order, ['other', 'first', 'second']);
  });

  it('goes on with the next when one throws', async () => {
    const turns = new Turns();
    const bad = turns.take(['a'], () => Promise.reject(new RangeError('no')));
    const good = turns.take(['a', 'a'], async () => 'done');
    await assert.rejects(bad, RangeError);
    assert.equal(await good, 'done');
  });
});
