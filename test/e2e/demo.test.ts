import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot, runProgram } from '../worlds/stage.ts';

test('the demo holds in every act', { timeout: 180_000 }, async (t) => {
  const ran = await runProgram(join(projectRoot, 'bin/node'), ['scripts/demo.ts'], projectRoot, process.env);
  t.diagnostic(ran.stdout);
  assert.equal(ran.exit, 0, ran.stdout + ran.stderr);
});

test('the demo leaves nothing behind when it is interrupted', { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-demo-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // As a terminal does it: Ctrl-C reaches the whole group.
  const demo = spawn(join(projectRoot, 'bin/node'), ['scripts/demo.ts'], {
    cwd: projectRoot,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let said = '';
  for await (const chunk of demo.stdout) {
    if (!said.includes('2. Deploy') && (said += String(chunk)).includes('2. Deploy'))
      process.kill(-demo.pid!, 'SIGINT');
  }
  const code = demo.exitCode ?? ((await once(demo, 'exit')) as [number])[0];
  assert.equal(code, 130, said);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('reeve-stage-')),
    [],
  );
});
