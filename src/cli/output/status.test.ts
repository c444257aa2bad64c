import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aStackStatus, freeLock, NOON } from '../../../test/worlds/cli-facts.ts';
import { rememberingScreen } from '../../../test/worlds/cli-world.ts';
import type { Voice } from './output.ts';
import { uncolored } from './paint.ts';
import { renderStatus } from './status.ts';
import { chooseSymbols } from './symbols.ts';
import { paintLines, widthOf } from './text.ts';

const voice = (width: number): Voice => ({
  screen: rememberingScreen().screen,
  paint: uncolored,
  symbols: chooseSymbols(false, {}),
  width,
});

const shown = (width: number, parts: Parameters<typeof aStackStatus>[0] = {}): string =>
  paintLines(renderStatus([aStackStatus(parts)], NOON, voice(width)), uncolored);

test('status on a wide screen has one line for each instance and the address beside its service', () => {
  assert.equal(
    shown(Infinity),
    `\
shop · release 12 (4f2a91c Fix the footer) · made 3 h ago
  SERVICE    STATE                                                   REL   PORT   PID   CPU     MEM   UP  RESTARTS  ADDRESS
  web        ● healthy  2 of 2                                                                                      http://shop.localhost:7080/
    1-blue   ● healthy  200 in 3 ms                                   12  20001  4711  1.2%   84 MB  3 h         0
    2-blue   ● healthy  200 in 5 ms                                   12  20003  4712  1.2%   84 MB  3 h         0
    1-green  ○ warm, 4 min left                                       11  20002  4690  1.2%   84 MB  3 h         0
  worker     ◐ degraded  queue is 1,204 jobs behind, catching up      12         4720  180%  1.2 GB  3 h         2
  mailer     ✗ crash-looping, next in 12 s  exit code 1 after 0.2 s   12                                        14
  cron       ○ stopped
`,
  );
});

test('status in 80 columns cuts no words: long ones and addresses come below', () => {
  const text = shown(80);
  assert.equal(
    text,
    `\
shop · release 12 (4f2a91c Fix the footer) · made 3 h ago
  SERVICE    STATE                          REL   PORT   PID   CPU     MEM   UP
  web        ● healthy  2 of 2
    1-blue   ● healthy  200 in 3 ms          12  20001  4711  1.2%   84 MB  3 h
    2-blue   ● healthy  200 in 5 ms          12  20003  4712  1.2%   84 MB  3 h
    1-green  ○ warm, 4 min left              11  20002  4690  1.2%   84 MB  3 h
  worker     ◐ degraded                      12         4720  180%  1.2 GB  3 h
        queue is 1,204 jobs behind, catching up
  mailer     ✗ crash-looping, next in 12 s   12
        exit code 1 after 0.2 s
  cron       ○ stopped
  web → http://shop.localhost:7080/
`,
  );
  assert.ok(text.split('\n').every((line) => widthOf(line) <= 80));
});

test('status says which change runs, and who holds the lock while none does', () => {
  const change = { id: 14, state: 'running' as const, sentence: 'Deploy release 13 over release 12' };
  const lock = {
    ...freeLock,
    owner: 'export',
    task: 'nightly',
    reason: 'nightly dump',
    acquiredAt: NOON - 240_000,
  };
  assert.equal(
    shown(80, { change, lock }).split('\n')[1],
    '  change 14 running  Deploy release 13 over release 12',
  );
  assert.equal(shown(80, { lock }).split('\n')[1], '  locked by export for 4 min  nightly dump');
});

test('status of a stack that was taken down says how to bring it back, and shows no services', () => {
  assert.equal(
    shown(80, { isDown: true }),
    `\
shop · release 12 (4f2a91c Fix the footer) · made 3 h ago
  taken down  bring it back with: reeve up
`,
  );
});

test('status counts only copies that are at work, and says where none is wanted', () => {
  const [web] = aStackStatus().services;
  const proving = {
    ...web!.instances[0]!,
    id: 'web-1-green',
    hasTraffic: false,
    health: 'starting' as const,
  };
  const services = [
    { ...web!, replicas: 1, instances: [web!.instances[0]!, proving] },
    { ...web!, service: 'zero', replicas: 0, instances: [], addresses: [] },
  ];
  const text = shown(Infinity, { services });
  assert.match(text, /^ {2}web +● healthy {2}1 of 1/m);
  assert.match(text, /^ {2}zero +○ none, 0 replicas are wanted$/m);
});

test('status of a stack whose first deploy was taken back is its header and nothing more', () => {
  assert.equal(shown(Infinity, { release: null, services: [] }), 'shop · no release yet\n');
});

test('status without a stack says how to bring one up', () => {
  assert.equal(
    paintLines(renderStatus([], NOON, voice(80)), uncolored),
    'No stack is up. Bring one up with: reeve up\n',
  );
});
