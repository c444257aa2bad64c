import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberingScreen } from '../../../test/worlds/cli-world.ts';
import { createLogPrinter } from './log-printer.ts';
import { uncolored } from './paint.ts';
import { chooseSymbols } from './symbols.ts';

test('createLogPrinter keeps the text of both seats in one column when a deploy moves a service', () => {
  const { screen, text } = rememberingScreen();
  const print = createLogPrinter({
    screen,
    paint: uncolored,
    symbols: chooseSymbols(false, {}),
    width: Infinity,
  });
  for (const instance of ['web-1-blue', 'web-1-green', 'web-1-blue'])
    print({ instance, stream: 'out', at: null, text: 'hello', offset: 0 });
  const columns = text()
    .trimEnd()
    .split('\n')
    .map((shown) => shown.indexOf('│'));
  assert.deepEqual(columns, [21, 21, 21]);
});
