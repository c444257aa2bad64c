import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonLines } from './read-json-lines.ts';

const read = async (...chunks: readonly Uint8Array[]): Promise<string[]> => {
  const lines: string[] = [];
  const bytes = (async function* () {
    yield* chunks;
  })();
  for await (const line of readJsonLines(bytes)) lines.push(line);
  return lines;
};

test('readJsonLines joins lines and characters that come in pieces', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n{"b":1}\n');
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(await read(...pieces), ['{"a":"ü"}', '{"b":1}']);
});

test('readJsonLines leaves out a last line that was cut off', async () => {
  assert.deepEqual(await read(Buffer.from('{"a":1}\n{"b"')), ['{"a":1}']);
});
