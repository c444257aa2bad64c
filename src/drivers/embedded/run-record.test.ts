import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseShimWord } from './run-record.ts';

const exit = (line: string) => {
  const word = parseShimWord(line, 'g', 5);
  return word?.word === 'ended' ? word.exit : null;
};

describe('parseShimWord', () => {
  it('takes an exit code above 128 for a code when the shell did not speak of a signal', () => {
    assert.deepEqual(exit('ended g exited 137'), { code: 137, signal: null, at: 5 });
  });

  it('takes it for the signal when the shell did', () => {
    assert.deepEqual(exit('ended g killed 137'), { code: null, signal: 'SIGKILL', at: 5 });
    assert.deepEqual(exit('ended g killed 164'), { code: null, signal: 'signal 36', at: 5 });
  });

  it('takes 130 and 141 for the signals of which a shell says nothing', () => {
    assert.equal(exit('ended g exited 130')?.signal, 'SIGINT');
    assert.equal(exit('ended g exited 141')?.signal, 'SIGPIPE');
  });

  it('keeps the code of a program that wrote something into the record when it is no signal', () => {
    assert.deepEqual(exit('ended g killed 7'), { code: 7, signal: null, at: 5 });
  });

  it('reads who was started, and who watches', () => {
    const started = { pid: 10, startTicks: 20, shimPid: 9, shimStartTicks: 19 };
    assert.deepEqual(parseShimWord('started g 10 20 9 19', 'g', 5), { word: 'started', started });
  });

  it('gives null for another generation, and for what is no word of a shim', () => {
    for (const line of [
      'ended h exited 0',
      'Killed',
      '',
      'started g 10',
      'ended g exited',
      'ended g exited x',
    ])
      assert.equal(parseShimWord(line, 'g', 5), null, line);
  });
});
