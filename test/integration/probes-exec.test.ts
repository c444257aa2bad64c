import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ProbeTarget } from '../../src/ports/prober.ts';
import { createProber } from '../../src/probes/prober.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';

const prober = createProber({
  redactor: { learn: () => {}, redact: (text) => text.replaceAll('hunter2', '[secret]') },
});
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'reeve-exec-'));
  chmodSync(folder, 0o777);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const sh = (line: string, parts: Partial<ProbeTarget> = {}): ProbeTarget => ({
  probe: { kind: 'exec', command: { argv: [line], shell: true } },
  port: null,
  timeoutMs: 5000,
  workingFolder: folder,
  env: { PATH: process.env.PATH ?? '', WHERE: 'here' },
  user: null,
  outputs: [],
  ...parts,
});

const CASES: readonly (readonly [title: string, line: string, state: string, words: string])[] = [
  ['healthy when the exit code is 0', 'true', 'healthy', 'exit code 0'],
  ['healthy with its last line when it says something', 'echo one; echo two; echo', 'healthy', 'two'],
  [
    'unhealthy with its last line when the exit code is 1',
    'echo no database >&2; exit 1',
    'unhealthy',
    'exit code 1: no database',
  ],
  ['degraded when the exit code is 75', 'echo replica lags; exit 75', 'degraded', 'replica lags'],
  ['unhealthy when a signal kills it', 'kill -9 $$', 'unhealthy', 'killed by SIGKILL'],
  [
    'unhealthy without the secret when it prints one',
    'echo hunter2; exit 3',
    'unhealthy',
    'exit code 3: [secret]',
  ],
  [
    'run in the folder and with the environment of the instance',
    'echo $PWD $WHERE $HOME',
    'healthy',
    'FOLDER here',
  ],
];

for (const [title, line, state, words] of CASES) {
  test(`exec probe is ${title}`, async () => {
    const answer = await prober.probe(sh(line));
    assert.deepEqual([answer.state, answer.words], [state, words.replace('FOLDER', folder)]);
  });
}

test('exec probe takes arguments as they are when there is no shell', async () => {
  const command = { argv: ['echo', '$WHERE; exit 1', '*'], shell: false };
  const answer = await prober.probe({ ...sh(''), probe: { kind: 'exec', command } });
  assert.deepEqual([answer.state, answer.words], ['healthy', '$WHERE; exit 1 *']);
});

test('exec probe is unhealthy and says so when there is no such program', async () => {
  const command = { argv: ['./no-such-program'], shell: false };
  const answer = await prober.probe({ ...sh(''), probe: { kind: 'exec', command } });
  assert.deepEqual(
    [answer.state, answer.words],
    ['unhealthy', `no such program or folder: ./no-such-program in ${folder}`],
  );
});

test('exec probe keeps only the end when a command floods its output', async () => {
  const answer = await prober.probe(sh('head -c 20000000 /dev/zero | tr "\\0" x; echo; echo done'));
  assert.deepEqual([answer.state, answer.words], ['healthy', 'done']);
});

test('exec probe kills the whole group when the time is up', async () => {
  const pidFile = join(folder, 'late.pid');
  const answer = await prober.probe(
    sh(`sleep 300 & echo $! > ${pidFile}; trap "" TERM; sleep 300`, { timeoutMs: 500 }),
  );
  assert.deepEqual(
    [answer.state, answer.words, answer.cause],
    ['unhealthy', 'no answer within 500 ms', 'no-answer'],
  );
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await eventually('the background process is gone', () => !isRunning(pid));
});

test('exec probe kills the whole group when it is aborted', async () => {
  const pidFile = join(folder, 'aborted.pid');
  const abort = new AbortController();
  const probed = prober.probe(sh(`echo $$ > ${pidFile}; sleep 300`), abort.signal);
  const pid = await eventually(
    'the probe runs',
    () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')),
  );
  abort.abort();
  assert.equal((await probed).state, 'unhealthy');
  await eventually('the probe is gone', () => !isRunning(pid));
});

test('exec probe leaves no process when its command leaves one behind', async () => {
  const pidFile = join(folder, 'left.pid');
  const answer = await prober.probe(sh(`sleep 300 & echo $! > ${pidFile}; echo fine`));
  assert.deepEqual([answer.state, answer.words], ['healthy', 'fine']);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await eventually('what it left is gone', () => !isRunning(pid));
});

test(
  'exec probe runs as the user of the instance when the agent is root',
  { skip: process.getuid?.() === 0 ? false : 'only root may become somebody else' },
  async () => {
    const answer = await prober.probe(sh('id -un', { user: 'nobody' }));
    assert.deepEqual([answer.state, answer.words], ['healthy', 'nobody']);
    const missing = await prober.probe(sh('id -un', { user: 'no-such-user' }));
    assert.deepEqual([missing.state, missing.words], ['unhealthy', 'user "no-such-user" does not exist']);
  },
);
