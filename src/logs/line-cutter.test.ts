import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Block, createLineCutter } from './line-cutter.ts';

const shown = (blocks: readonly Block[]) =>
  blocks.flatMap(({ offset, bytes, omitted }) => {
    let at = offset;
    return bytes
      .toString()
      .split('\n')
      .map((text) => {
        const line = [at, text, omitted] as const;
        at += text.length + 1;
        return line;
      });
  });

describe('the line cutter', () => {
  it('puts lines together across chunks, wherever these are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '\n', 'b') })), (parts) => {
        const cutter = createLineCutter(1000);
        let offset = 0;
        const blocks = parts.flatMap((part) => {
          const pushed = cutter.push({ offset, bytes: Buffer.from(part) });
          offset += part.length;
          return pushed;
        });
        const whole = parts.join('');
        const lines = whole.split('\n');
        const expected = lines.filter((line, index) => index < lines.length - 1 || line !== '');
        assert.deepEqual(
          shown([...blocks, ...cutter.flush()]).map(([, text]) => text),
          expected,
        );
        assert.ok(shown(blocks).every(([at, text]) => whole.slice(at, at + text.length) === text));
      }),
    );
  });

  it('keeps the beginning of a line that does not end, and counts the rest', () => {
    const cutter = createLineCutter(4);
    for (let i = 0; i < 3; i += 1) {
      assert.deepEqual(cutter.push({ offset: i * 5, bytes: Buffer.from('abcde') }), []);
    }
    assert.ok(cutter.hasRest());
    assert.deepEqual(shown(cutter.push({ offset: 15, bytes: Buffer.from('f\nnext\n') })), [
      [0, 'abcd', 12],
      [17, 'next', 0],
    ]);
    assert.ok(!cutter.hasRest());
  });

  it('ends a line where the bytes after it are gone', () => {
    const cutter = createLineCutter(100);
    cutter.push({ offset: 0, bytes: Buffer.from('half') });
    assert.deepEqual(shown(cutter.push({ offset: 50, bytes: Buffer.from('whole\n') })), [
      [0, 'half', 0],
      [50, 'whole', 0],
    ]);
  });

  it('does not hold on to the chunk it was given', () => {
    const cutter = createLineCutter(100);
    const bytes = Buffer.from('half');
    cutter.push({ offset: 0, bytes });
    bytes.fill('x');
    assert.deepEqual(shown(cutter.flush()), [[0, 'half', 0]]);
    assert.deepEqual(cutter.flush(), []);
  });
});
