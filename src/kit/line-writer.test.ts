import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineWriter } from './line-writer.ts';

/** A file that takes so many bytes more. */
const smallFile = () => {
  const file = { text: '', left: Infinity };
  const writeBytes = (_fd: number, bytes: Buffer): number => {
    const taken = bytes.subarray(0, Math.min(bytes.length, file.left));
    if (taken.length === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    file.text += taken.toString();
    file.left -= taken.length;
    return taken.length;
  };
  const gap = (dropped: number): string => `{"dropped":${dropped}}\n`;
  return { file, log: createLineWriter({ fd: 1, gap, writeBytes }) };
};

test('a log says how many lines it dropped when the disk was full', () => {
  const { file, log } = smallFile();
  log.write('{"one":1}\n');
  file.left = 0;
  log.write('{"two":2}\n');
  log.write('{"three":3}\n');
  file.left = Infinity;
  log.write('{"four":4}\n');
  const lines = file.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines, [{ one: 1 }, { dropped: 2 }, { four: 4 }]);
});

test('a log begins a new line after one that was written in part', () => {
  const { file, log } = smallFile();
  file.left = 4;
  log.write('{"one":1}\n');
  file.left = Infinity;
  log.write('{"two":2}\n');
  const [torn, dropped, whole] = file.text.trimEnd().split('\n');
  assert.equal(torn, '{"on');
  assert.equal((JSON.parse(dropped!) as { dropped: number }).dropped, 1);
  assert.equal(whole, '{"two":2}');
});
