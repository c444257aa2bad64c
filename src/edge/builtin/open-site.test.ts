import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceCounts } from './counts.ts';
import { Target } from './open-site.ts';
import { Upstream } from './upstream.ts';

const open = (slots: number): Target => {
  const target = new Target({
    stack: 'shop',
    service: {
      service: 'web',
      routes: [],
      slots: Array.from({ length: slots }, (_, at) => ({ slot: at + 1, blue: 4000 + at, green: 5000 + at })),
      holdMs: 0,
    },
    counts: new ServiceCounts(),
    upstreamAt: (place) => new Upstream(place, 1000),
  });
  target.obey({ name: null, flags: { seats: {}, held: [], maintenance: [] } });
  return target;
};
const chosen = (target: Target, tried: Upstream[] = [], now = 0): string => {
  const place = target.choose(tried, now)?.place;
  return place ? `${place.slot}-${place.seat}` : 'none';
};

describe('a target', () => {
  it('takes slots by turns when they have the same load', () => {
    const target = open(3);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => chosen(target)),
      ['2-blue', '3-blue', '1-blue', '2-blue'],
    );
  });

  it('prefers the slot with the fewest requests in flight', () => {
    const target = open(2);
    target.active[0]!.inFlight = 3;
    target.active[1]!.inFlight = 1;
    assert.deepEqual([chosen(target), chosen(target)], ['2-blue', '2-blue']);
  });

  it('passes over what was tried, and asks last what just refused', () => {
    const target = open(2);
    const [first, second] = target.active as [Upstream, Upstream];
    assert.equal(chosen(target, [second]), '1-blue');
    assert.equal(chosen(target, [first, second]), 'none');
    first.shunnedUntil = 100;
    assert.deepEqual(
      [chosen(target, [], 50), chosen(target, [], 50), chosen(target, [second], 50)],
      ['2-blue', '2-blue', '1-blue'],
    );
  });

  it('obeys the flags of its own slots and its own service', () => {
    const target = open(2);
    target.obey({
      name: 'gen-1',
      flags: { seats: { 'web.2': 'green', 'api.1': 'green' }, held: ['api'], maintenance: ['web'] },
    });
    assert.deepEqual(
      target.active.map(({ place }) => place.seat),
      ['blue', 'green'],
    );
    assert.deepEqual([target.isHeld, target.isInMaintenance], [false, true]);
  });

  it('has nobody to choose without slots', () => {
    assert.equal(chosen(open(0)), 'none');
  });
});

describe('the counts of a service', () => {
  it('put an answer into the bucket that its time fits in', () => {
    const counts = new ServiceCounts();
    for (const ms of [0.4, 1, 1.1, 60_000]) counts.answered(204, ms);
    counts.answered(503, 3);
    assert.deepEqual(counts.byClass, [0, 0, 4, 0, 0, 1]);
    assert.deepEqual(
      [counts.latency[0], counts.latency[1], counts.latency[2], counts.latency.at(-1)],
      [2, 1, 1, 1],
    );
  });
});
