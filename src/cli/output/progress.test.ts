import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { FollowLine } from '../../api/wire.ts';
import { aChange, GOOD_RECORDS, NOON, recordsOf } from '../../../test/worlds/cli-facts.ts';
import { rememberingScreen } from '../../../test/worlds/cli-world.ts';
import { advance, progressOf } from './change-progress.ts';
import { renderChangeEnd } from './change-end.ts';
import type { Voice } from './output.ts';
import { uncolored } from './paint.ts';
import { openProgress } from './progress.ts';
import { endedStepLines } from './step-lines.ts';
import { chooseSymbols } from './symbols.ts';
import { paintLine } from './text.ts';

const open = (columns?: number) => {
  const { screen, text } = rememberingScreen(columns);
  const symbols = chooseSymbols(false, {});
  const voice: Voice = { screen, paint: uncolored, symbols, width: columns ?? Infinity };
  return { text, voice, view: openProgress(voice, () => NOON + 1_000) };
};

const recorded = (record: (typeof GOOD_RECORDS)[number]): FollowLine => ({
  event: 'step.recorded',
  at: record.at,
  stack: 'shop',
  change: 7,
  record,
});

test('plain progress has a line for each step that begins and one for each that ends', () => {
  const { text, view } = open();
  view.show({ change: aChange() });
  for (const record of GOOD_RECORDS.slice(0, 6)) view.show(recorded(record));
  view.close();
  assert.equal(
    text(),
    `\
Change 7: Deploy release 13 (a1b2c3d Fix the header) over release 12
[    0 ms] 1/6 Place release 13 (a1b2c3d Fix the header)
[  312 ms] 1/6 done in 312 ms: 214 files
[  313 ms] 2/6 Start web-1-green of release 13
[  393 ms] 2/6 done in 80 ms
[  394 ms] 3/6 Wait until web-1-green is healthy
[   2.3 s] 3/6 done in 1.9 s: 200 in 3 ms
`,
  );
});

test('plain progress tells the undoing of a failed change step by step', () => {
  const { text, view } = open();
  const records = recordsOf(
    [1, 'intent', 0],
    [1, 'done', 300],
    [2, 'intent', 300],
    [2, 'failed', 400, 'no such file: ./server'],
    [1, 'undo-intent', 400],
    [1, 'undone', 450, 'the folder of release 13 was removed'],
  );
  view.show({ change: aChange({ records }) });
  assert.deepEqual(text().trimEnd().split('\n').slice(4), [
    '[  400 ms] 2/6 failed in 100 ms: no such file: ./server',
    '[  450 ms] 1/6 undone in 50 ms: the folder of release 13 was removed',
  ]);
});

test('progress has no line for an undo that found nothing to undo', () => {
  const records = recordsOf(
    [1, 'intent', 0],
    [1, 'failed', 100],
    [1, 'undo-intent', 100],
    [1, 'undone', 101],
  );
  for (const columns of [undefined, 80]) {
    const { text, view } = open(columns);
    view.show({ change: aChange({ records }) });
    view.close();
    assert.doesNotMatch(text(), /undo/i);
  }
});

test('progress has no title for a change that was closed before it began', () => {
  for (const columns of [undefined, 80]) {
    const { text, view } = open(columns);
    view.show({ change: aChange({ state: 'superseded', closedAt: NOON }) });
    view.close();
    assert.doesNotMatch(text(), /Deploy/);
  }
});

test('a step that is listed where no terminal limits a line is not cut', () => {
  const { voice } = open();
  const sentence =
    'Wait until web.1 and web.2 are healthy (2 good answers on /up, then 200 ms), however long it is';
  const step = { ...aChange().plan.steps[0]!, sentence };
  const lines = endedStepLines({ step, state: 'done', beganAt: 0, endedAt: 1, words: null }, voice);
  assert.match(paintLine(lines[0]!, uncolored), /however long it is +1 ms$/);
});

test('plain progress repeats nothing when the agent was restarted and the whole change comes again', () => {
  const { text, view } = open();
  view.show({ change: aChange() });
  for (const record of GOOD_RECORDS.slice(0, 3)) view.show(recorded(record));
  const before = text();
  view.show({ change: aChange({ records: GOOD_RECORDS.slice(0, 3) }) });
  view.show(recorded(GOOD_RECORDS[2]!));
  assert.equal(text(), before);
});

test('live progress keeps ended steps and draws the running one with its own words below', () => {
  const { text, view } = open(80);
  view.show({ change: aChange({ records: GOOD_RECORDS.slice(0, 5) }) });
  view.show({
    event: 'step.progressed',
    at: NOON,
    stack: 'shop',
    change: 7,
    step: 3,
    words: 'connection refused',
  });
  view.close();
  const drawn = stripVTControlCharacters(text());
  assert.match(drawn, /Prepare\n {2}✓ Place release 13 \(a1b2c3d Fix the header\) {2}214 files {17}312 ms\n/);
  assert.match(drawn, /Prove\n {2}✓ Start web-1-green of release 13 {39}80 ms\n/);
  assert.match(drawn, /⠋ Wait until web-1-green is healthy {36}606 ms\n {4}connection refused\n/);
});

test('live progress gives the cursor back when it is closed', () => {
  const { text, view } = open(80);
  view.show({ change: aChange() });
  view.close();
  assert.ok(text().startsWith('\x1b[?25l'));
  assert.ok(text().endsWith('\x1b[?25h'));
});

test('progress takes a second intent of a resumed step as the same attempt', () => {
  const records = recordsOf([1, 'intent', 0], [1, 'intent', 5_000], [1, 'done', 6_000]);
  const { steps } = progressOf(aChange({ records }));
  assert.deepEqual(
    steps.map(({ state, beganAt, endedAt }) => [state, beganAt - NOON, endedAt! - NOON]),
    [['done', 0, 6_000]],
  );
});

test('progress leaves out events that come before the first whole change', () => {
  assert.equal(advance(null, recorded(GOOD_RECORDS[0]!)), null);
});

test('the end of a change says how long gate, cut-over and bake took', () => {
  const { voice } = open();
  const done = aChange({
    state: 'done',
    outcome: 'Release 13 is live',
    records: GOOD_RECORDS,
    closedAt: NOON + 12_304,
  });
  assert.equal(
    paintLine(renderChangeEnd(done, voice), uncolored),
    '✓ Release 13 is live (12 s: gate 1.9 s, traffic moved in 4 ms, watched 10 s)',
  );
});

test('the end of a change without such steps says only how long it took', () => {
  const { voice } = open();
  const cancelled = aChange({ state: 'cancelled', closedAt: NOON + 90_000 });
  assert.equal(
    paintLine(renderChangeEnd(cancelled, voice), uncolored),
    '↩ Change 7 is cancelled (1 min 30 s)',
  );
});
