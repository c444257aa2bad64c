import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ProbeAnswer } from '../../src/model/health.ts';
import type { Prober } from '../../src/ports/prober.ts';
import { createProber } from '../../src/probes/prober.ts';

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'reeve-log-probe-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

const open = (name: string, pattern = '^web: ready') => {
  const path = join(folder, name);
  const prober: Prober = createProber({ redactor: { learn: () => {}, redact: (text) => text } });
  const probe = (from = 0): Promise<ProbeAnswer> =>
    prober.probe({
      probe: { kind: 'log', pattern },
      port: null,
      timeoutMs: 5000,
      workingFolder: '/',
      env: {},
      user: null,
      outputs: [
        { path: `${path}.err`, from: 0 },
        { path, from },
      ],
    });
  return { path, probe, write: (text: string | Uint8Array) => appendFileSync(path, text) };
};

test('log probe is healthy with that line once one matches, and stays so', async () => {
  const { probe, write } = open('plain');
  assert.equal((await probe()).state, 'unhealthy');
  write('web: starting\nweb: re');
  assert.match((await probe()).words, /^no line matched \/\^web: ready\/ in \d+ bytes of output$/);
  write('ady on 3000\n');
  assert.deepEqual([(await probe()).state, (await probe()).words], ['healthy', 'web: ready on 3000']);
});

test('log probe matches a line when its end has not been written', async () => {
  const { probe, write } = open('open-end');
  write('web: ready');
  assert.equal((await probe()).state, 'healthy');
});

test('log probe ignores what an earlier start wrote', async () => {
  const { probe, write } = open('earlier');
  write('web: ready\n');
  assert.equal((await probe(0)).state, 'healthy');
  assert.equal((await probe(11)).state, 'unhealthy');
  write('web: ready\n');
  assert.equal((await probe(11)).state, 'healthy');
});

test('log probe begins anew when another file is in the place of the one it knew', async () => {
  const { path, probe, write } = open('rotated');
  write('web: ready\n');
  assert.equal((await probe()).state, 'healthy');
  renameSync(path, `${path}.1`);
  write('web: starting\n');
  assert.equal((await probe()).state, 'unhealthy');
});

test('log probe begins anew when the file was truncated', async () => {
  const { path, probe, write } = open('truncated');
  write(`${'x'.repeat(1000)}\nweb: ready\n`);
  assert.equal((await probe()).state, 'healthy');
  writeFileSync(path, 'web: starting\n');
  assert.equal((await probe()).state, 'unhealthy');
});

test('log probe finds its line when it is coloured, in UTF-8, and torn by a chunk', async () => {
  const { probe, write } = open('coloured', '^größe: bereit$');
  // The two bytes of ß stand on both sides of a border of 256 KiB.
  const line = '\u001b[32mgröße: bereit\u001b[0m\r\n';
  const before = Buffer.byteLength('\u001b[32mgrö') + 1;
  write(`${'x'.repeat(256 * 1024 - before - 1)}\n${line}`);
  assert.equal((await probe()).state, 'healthy');
});

test('log probe goes on where it was when the output is huge', async () => {
  const { probe, write } = open('huge');
  for (let chunk = 0; chunk < 24; chunk += 1) write(`${'x'.repeat(999)}\n`.repeat(1000));
  write('web: ready\n');
  assert.equal((await probe()).state, 'unhealthy');
  assert.equal((await probe()).state, 'healthy');
});

test('log probe searches only the beginning of a line when the line is endless', async () => {
  const { probe, write } = open('endless', 'needle$');
  write('x'.repeat(3_000_000));
  assert.equal((await probe()).state, 'unhealthy');
  write('needle\nneedle\n');
  assert.deepEqual([(await probe()).state, (await probe()).words], ['healthy', 'needle']);
});

test('log probe takes a program as ready when its first output is archived', async (context) => {
  const { path, probe, write } = open('archived');
  write(`${'web: busy\n'.repeat(100_000)}`);
  try {
    execFileSync('fallocate', ['--punch-hole', '--offset', '0', '--length', '524288', path], {
      stdio: 'ignore',
    });
  } catch {
    context.skip('this filesystem can not punch holes');
    return;
  }
  assert.deepEqual(
    [(await probe()).state, (await probe()).words],
    ['healthy', 'its first output is archived: it has run for long'],
  );
});

test('log probe is unhealthy and says so when its pattern is broken', async () => {
  const { probe } = open('broken', '(');
  const { state, words } = await probe();
  assert.equal(state, 'unhealthy');
  assert.match(words, /Invalid regular expression/);
});
