// Searching logs that are long enough to be searched from their end.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ALL, followUntil, type LogFolder, openLogFolder } from '../worlds/log-folder.ts';

const LINES = 60_000;

describe('searching a log of megabytes', () => {
  let logs: LogFolder;
  before(() => (logs = openLogFolder()));
  after(() => logs.close());

  // About 60 bytes a line: three windows' worth of them.
  const textOf = (line: number): string =>
    `line ${line} ${line % 1000 === 0 ? 'thousandth' : 'ordinary'} ${'of some length '.repeat(3)}`;

  it('gives the last lines that match, be they near the end or far from it', async () => {
    const web = logs.file('web');
    logs.write(web, `${Array.from({ length: LINES }, (_, line) => textOf(line)).join('\n')}\n`);
    for (const grep of ['thousandth', 'line \\d*000 t', 'line 0 |line 59999', 'ordinary', 'nowhere']) {
      const all = await logs.texts(web, { grep });
      for (const tail of [1, 7, 10_000, LINES]) {
        assert.deepEqual(await logs.texts(web, { grep, tail }), all.slice(-tail), `${grep}, ${tail}`);
      }
    }
  });

  it('finds what is written in colours, and what is masked, as it is shown', async () => {
    const web = logs.file('masked');
    logs.redactor.learn(['hunter2-hunter2']);
    const filler = `${textOf(1)}\n`.repeat(20_000);
    logs.write(web, `${filler}time\u001b[31mout\u001b[0m of db\nlogin with hunter2-hunter2 now\n${filler}`);
    assert.deepEqual(await logs.texts(web, { grep: 'timeout', tail: 5 }), ['timeout of db']);
    assert.deepEqual(await logs.texts(web, { grep: 'login with \\[', tail: 5 }), ['login with [secret] now']);
    assert.deepEqual(await logs.texts(web, { grep: 'hunter2', tail: 5 }), []);
  });

  it('keeps to the time that was asked for, and goes on with what is written', async () => {
    const web = logs.file('followed');
    const begun = Date.now();
    logs.write(web, `hit before\n${`${textOf(1)}\n`.repeat(40_000)}`);
    await logs.book.note([web], begun - 60_000);
    logs.write(web, `hit one\n${`${textOf(1)}\n`.repeat(40_000)}hit tw`);
    assert.deepEqual(await logs.texts(web, { grep: '^hit', tail: 9, since: begun - 30_000 }), [
      'hit one',
      'hit tw',
    ]);
    const lines = logs.book.read([web], { ...ALL, grep: '^hit', tail: 9, follow: true });
    const seen = followUntil(lines, ({ text }) => {
      if (text === 'hit one') logs.write(web, 'o\nhit three\n');
      return text === 'hit three';
    });
    assert.deepEqual(await seen, ['hit before', 'hit one', 'hit two', 'hit three']);
    logs.write(web, 'hit fo');
    const near = logs.book.read([web], { ...ALL, grep: '^hit', tail: 1, follow: true });
    const seenNear = followUntil(near, ({ text }) => {
      if (text === 'hit three') logs.write(web, 'ur\nhit five\n');
      return text === 'hit five';
    });
    assert.deepEqual(await seenNear, ['hit three', 'hit four', 'hit five']);
  });
});
