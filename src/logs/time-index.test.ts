import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTimeline, offsetSince, parseIndex, renderRecord, thinIndex } from './time-index.ts';

const RECORDS = [
  { at: 1000, offset: 10 },
  { at: 2000, offset: 20 },
  { at: 5000, offset: 30 },
];

describe('the time index', () => {
  it('reads what it wrote', () => {
    assert.deepEqual(parseIndex(RECORDS.map(renderRecord).join('')), RECORDS);
  });

  it('leaves out what is torn, damaged, or goes back', () => {
    const text = '1000 10\nxx\n900 15\n2000 20\n3000 20\n\n5000 30\n6000 4';
    assert.deepEqual(parseIndex(text), RECORDS);
  });

  it('tells when a line was written, in whatever order it is asked', () => {
    const timeline = createTimeline(RECORDS, 9000);
    const asked = [0, 9, 10, 29, 30, 99, 5];
    assert.deepEqual(asked.map(timeline), [1000, 1000, 2000, 5000, 9000, 9000, 1000]);
  });

  it('never tells a time before the last record for what came after it', () => {
    assert.equal(createTimeline(RECORDS, 0)(99), 5000);
  });

  it('tells nothing when nothing was noted', () => {
    assert.equal(createTimeline([], 9000)(0), null);
  });

  it('finds where to read from for a time', () => {
    assert.deepEqual(
      [0, 1000, 1001, 5000, 5001].map((since) => offsetSince(RECORDS, since)),
      [0, 0, 10, 20, 30],
    );
  });

  it('gets coarser in its older half, and drops what is before the oldest byte', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ at: i, offset: i + 1 }));
    const thinned = thinIndex(many, 0);
    assert.equal(thinned.length, 75);
    assert.deepEqual(thinned.slice(-50), many.slice(-50));
    assert.deepEqual(
      thinIndex(many, 91),
      many.slice(90).filter((_, i) => i >= 5 || i % 2 === 0),
    );
  });
});
