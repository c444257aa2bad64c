import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorReport } from '../../model/error.ts';
import { rememberingScreen } from '../../../test/worlds/cli-world.ts';
import { renderError } from './error.ts';
import type { Voice } from './output.ts';
import { uncolored } from './paint.ts';
import { chooseSymbols } from './symbols.ts';
import { paintLines } from './text.ts';

const voice = (width = Infinity): Voice => ({
  screen: rememberingScreen().screen,
  paint: uncolored,
  symbols: chooseSymbols(false, {}),
  width,
});

const shown = (report: ErrorReport, width?: number): string =>
  paintLines(renderError(report, voice(width)), uncolored);

const FAILED_GATE: ErrorReport = {
  kind: 'failure',
  code: 'gate.never-ready',
  exit: 1,
  message: 'Cannot start "web": no answer on /up within 30 s, expected status 200',
  why: 'the process ran but refused connections on port 3000',
  fix: 'check that it listens on $PORT, or set services.web.health.port in the stack file',
  undone: ['Stopped web-1-green', 'Removed release 13'],
  notUndone: ['Port 20002 stays reserved'],
  transcript: ['GET http://127.0.0.1:20002/up: connection refused (30 times)'],
  log: ['> shop@1.0.0 start', '\x1b[31mlistening on 3000'],
};

test('renderError aligns why, fix, undone, probe and log under the message', () => {
  assert.equal(
    shown(FAILED_GATE),
    `\
Cannot start "web": no answer on /up within 30 s, expected status 200
  why         the process ran but refused connections on port 3000
  fix         check that it listens on $PORT, or set services.web.health.port in the stack file
  undone      Stopped web-1-green
              Removed release 13
  not undone  Port 20002 stays reserved
  probe       GET http://127.0.0.1:20002/up: connection refused (30 times)
  log         (last 2 lines)
              │ > shop@1.0.0 start
              │ \\x1b[31mlistening on 3000
  code        gate.never-ready
`,
  );
});

test('renderError breaks sentences to the width of a terminal and leaves program output whole', () => {
  const lines = shown(FAILED_GATE, 60).split('\n');
  assert.deepEqual(lines.slice(0, 6), [
    'Cannot start "web": no answer on /up within 30 s, expected',
    'status 200',
    '  why         the process ran but refused connections on',
    '              port 3000',
    '  fix         check that it listens on $PORT, or set',
    '              services.web.health.port in the stack file',
  ]);
  assert.ok(lines.some((line) => line.endsWith('connection refused (30 times)')));
});

test('renderError lists every problem of a stack file with its place, what was expected and its fix', () => {
  const text = shown({
    kind: 'refusal',
    code: 'stack.invalid',
    exit: 2,
    message: 'Cannot use "reeve.yaml": 1 problem',
    problems: [
      {
        code: 'key.unknown',
        severity: 'error',
        file: '/srv/shop/reeve.yaml',
        line: 7,
        column: 5,
        message: 'Unknown key "prot"',
        expected: 'one of port, route',
        fix: 'write port',
      },
    ],
  });
  assert.equal(
    text,
    `\
Cannot use "reeve.yaml": 1 problem
  /srv/shop/reeve.yaml:7:5  error  key.unknown
    Unknown key "prot"
    expected: one of port, route
    fix: write port
  code  stack.invalid
`,
  );
});

test('renderError says that a defect is a bug of ours and asks for a report', () => {
  const text = shown({
    kind: 'defect',
    code: 'defect',
    exit: 70,
    message: 'Error: impossible\n    at x.ts:1',
  });
  assert.match(
    text,
    /^This is a bug in Reeve\n {2}what {2}Error: impossible\n {8}    at x\.ts:1\n {2}fix {3}report it/,
  );
});
